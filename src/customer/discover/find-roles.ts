import { isParty, isReference, type Role } from '../roles.ts'
import type { EntityProfile } from './profile-entity.ts'
import { isSelfLink, type ProposedLink } from './proposal.ts'
import { type NamedRole, roleByName } from './role-by-name.ts'

const OTHER_FIELDS_MAX = 3

/**
 * What every entity is to a customer: by its name, or else by what it links. Entities that are
 * nothing to a customer are not in the answer. Pure.
 */
export function findRoles(
  entities: readonly EntityProfile[],
  links: readonly ProposedLink[],
): ReadonlyMap<EntityProfile, NamedRole> {
  const roles = new Map<EntityProfile, NamedRole>()
  for (const entity of entities) {
    const named = roleByName(entity.entity)
    if (named !== undefined) roles.set(entity, fitting(named, entity, links))
  }
  // Whoever points to what is somebody's is somebody's, too; whatever these need is shared.
  for (let before = -1; before !== roles.size; ) {
    before = roles.size
    for (const entity of entities) {
      if (roles.has(entity)) continue
      const role = byLinks(entity, links, roles)
      if (role !== undefined) roles.set(entity, role)
    }
  }
  return roles
}

/** A name that says less than the links do. */
function fitting(
  named: NamedRole,
  entity: EntityProfile,
  links: readonly ProposedLink[],
): NamedRole {
  const isDetail = !isReference(named.role) && !isParty(named.role)
  const join = isDetail && named.role !== 'partner-function' ? asJoin(entity, links) : undefined
  return join ?? named
}

function byLinks(
  entity: EntityProfile,
  links: readonly ProposedLink[],
  roles: ReadonlyMap<EntityProfile, NamedRole>,
): NamedRole | undefined {
  const isOf = (one: EntityProfile) => {
    const role = roles.get(one)?.role
    return role !== undefined && !isReference(role)
  }
  const hangs = links.find((link) => link.from === entity && !isSelfLink(link) && isOf(link.to))
  if (hangs !== undefined) {
    const because = `it points to ${hangs.to.entity}`
    return asJoin(entity, links) ?? { role: 'other', because }
  }
  const needed = links.find((link) => link.to === entity && roles.has(link.from))
  if (needed === undefined || isSelfLink(needed)) return undefined
  return { role: 'other-reference', because: `${needed.from.entity} points to it` }
}

/** Two entities tied together: all of the key points elsewhere, to two places that are no reference. */
function asJoin(
  { entity, fields, key }: EntityProfile,
  links: readonly ProposedLink[],
): NamedRole | undefined {
  const own = links.filter(({ from, fields: names }) => {
    return from.entity === entity && names.every((name) => key.includes(name))
  })
  const shared = own.filter(({ to }) => {
    const named = roleByName(to.entity)
    return named === undefined || !isReference(named.role)
  })
  const targets = new Set(shared.map(({ to }) => to))
  const isCovered = key.every((name) => shared.some((link) => link.fields.includes(name)))
  const isThin = fields.length - key.length <= OTHER_FIELDS_MAX
  if (!isCovered || targets.size < 2 || !isThin) return undefined
  const because = `its key is made of those of ${[...targets].map((to) => to.entity).join(' and ')}`
  return { role: 'join' satisfies Role, because }
}
