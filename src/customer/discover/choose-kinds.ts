import { isParty, isReference, type Role } from '../roles.ts'
import type { EntityProfile } from './profile-entity.ts'
import { isSelfLink, type KindedLink, type ProposedLink } from './proposal.ts'
import { nameLikeness } from './words.ts'

/** Roles whose records belong to records of another role, whatever the keys look like. */
const BELONGS: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  'invoice-line': ['invoice'],
  'invoice-approval': ['invoice'],
  'kyc-document': ['kyc-case'],
  'lc-amendment': ['letter-of-credit'],
  'lc-document': ['letter-of-credit'],
  'promise-to-pay': ['dunning', 'invoice', 'dispute'],
  'partner-function': ['sales-area'],
  consent: ['contact'],
  dispute: ['invoice'],
  dunning: ['dunning', 'invoice'],
  join: ['invoice', 'payment', 'dunning', 'contract', 'contact', 'address'],
}

/** Says of every link whether its records belong to, need or are the others. Pure. */
export function chooseKinds(
  links: readonly ProposedLink[],
  roleOf: ReadonlyMap<EntityProfile, Role>,
): KindedLink[] {
  const role = (entity: EntityProfile) => roleOf.get(entity) ?? 'other'
  const first = links.map((link): KindedLink => ({ ...link, kind: firstKind(link, role) }))
  // Several links to one party: the one that is named best is whose it is.
  const owned = first.map((link): KindedLink => {
    if (!isOfParty(link, role)) return link
    const rivals = first.filter((one) => {
      return isOfParty(one, role) && one.from === link.from && one.to === link.to
    })
    const best = rivals.reduce((a, b) => (ownership(b) > ownership(a) ? b : a))
    return best === link ? link : { ...link, kind: 'reference' }
  })
  const hung = hangLoose(owned, role)
  return hung.map((link) => {
    if (!isOfParty(link, role)) return link
    const ways = hung.filter(({ from, kind, to }) => {
      return kind === 'child' && from === link.from && to !== link.to && !isParty(role(to))
    })
    const isReached = ways.some(({ to }) => leadsTo(to, (goal) => goal === link.to, hung))
    return isReached ? { ...link, kind: 'reference' } : link
  })
}

/** Whether a record belongs to the party at once, and always. */
function isOfParty(link: KindedLink, role: (entity: EntityProfile) => Role): boolean {
  return link.kind === 'child' && isParty(role(link.to)) && link.when.length === 0
}

/**
 * What belongs to a party hangs from something. Where the keys do not say from what, it is the record
 * that it names best among those that hang from a party themselves.
 */
function hangLoose(
  links: readonly KindedLink[],
  role: (entity: EntityProfile) => Role,
): readonly KindedLink[] {
  const isOwned = (entity: EntityProfile) => !isParty(role(entity)) && !isReference(role(entity))
  const loose = new Set(links.map(({ from }) => from).filter(isOwned))
  for (const { from, kind } of links) if (kind === 'child') loose.delete(from)
  for (const entity of loose) {
    const ways = links.filter((link) => {
      const isWay = link.from === entity && !isSelfLink(link) && isOwned(link.to)
      return isWay && leadsTo(link.to, (to) => isParty(role(to)), links)
    })
    const [first, ...rest] = ways
    if (first === undefined) continue
    const best = rest.reduce((a, b) => (ownership(b) > ownership(a) ? b : a), first)
    const hung = links.map(
      (link): KindedLink => (link === best ? { ...link, kind: 'child' } : link),
    )
    return hangLoose(hung, role)
  }
  return links
}

function firstKind(link: ProposedLink, role: (entity: EntityProfile) => Role): KindedLink['kind'] {
  const { from, to } = link
  const [own, other] = [role(from), role(to)]
  if (isSelfLink(link) || isReference(other) || isReference(own)) return 'reference'
  if (isParty(own)) {
    if (!isParty(other)) return 'reference'
    const isOne = isUnique(link) && (from.source !== to.source || own !== other)
    return isOne ? 'same' : 'reference'
  }
  if (own === 'crosswalk' && isParty(other)) {
    return link.when.length > 0 || from.source !== to.source ? 'same' : 'child'
  }
  // What hangs from one entity or another belongs to whichever it is.
  if (isParty(other) || link.when.length > 0) return 'child'
  const isIdentifying = link.fields.every((name) => from.key.includes(name))
  return isIdentifying || BELONGS[own]?.includes(other) === true ? 'child' : 'reference'
}

function isUnique({ fields, from }: ProposedLink): boolean {
  const field = from.fields.find(({ name }) => name === fields[0])
  return fields.length === 1 && field !== undefined && field.sketch.isUnique
}

function ownership({ fields, from, to, toFields }: ProposedLink): number {
  const last = fields.length - 1
  const names = { entity: to.entity, field: toFields[last] ?? '', isSelf: false }
  const like = nameLikeness(fields[last] ?? '', names).share
  const isOne = fields[last] === toFields[last] ? 1 : 0
  const isIdentifying = fields.every((name) => from.key.includes(name)) ? 0.5 : 0
  return like + isOne + isIdentifying
}

/** Whether records of `start` belong, in the end, to such ones. */
function leadsTo(
  start: EntityProfile,
  isGoal: (entity: EntityProfile) => boolean,
  links: readonly KindedLink[],
): boolean {
  const seen = new Set([start])
  for (const entity of seen) {
    if (isGoal(entity)) return true
    for (const { from, kind, to } of links) if (kind === 'child' && from === entity) seen.add(to)
  }
  return false
}
