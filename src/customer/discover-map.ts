import { formatPoint } from '#timeline/format-point'
import { type CheckMapDeps, checkMap, type MapCheck } from './check-map.ts'
import { chooseKinds } from './discover/choose-kinds.ts'
import { findRoles } from './discover/find-roles.ts'
import { formatProposal, type Proposal } from './discover/format-proposal.ts'
import { findIdentity, findMatches } from './discover/identity-fields.ts'
import { type EntityProfile, profileEntities } from './discover/profile-entity.ts'
import type { KindedLink, ProposedLink } from './discover/proposal.ts'
import { proposeComposites } from './discover/propose-composites.ts'
import { proposeConditional } from './discover/propose-conditional.ts'
import { keysOf, LIKELY, MAYBE, proposeLinks } from './discover/propose-links.ts'
import { settleLinks } from './discover/settle-links.ts'
import type { SourceAt } from './map-at.ts'
import { parseMap } from './parse-map.ts'

/** A customer map as it seems to be, and how it stands the check, as `map discover --json` prints it. */
export type Discovery = {
  /** The text of a `customers.yaml`. */
  readonly text: string
  readonly points: readonly string[]
  readonly entities: number
  readonly links: number
  /** Links that are remarks in the text: a person decides. */
  readonly maybes: number
  readonly leftOut: number
  readonly check: Pick<MapCheck, 'verdict' | 'coverage'>
}

/**
 * Proposes a customer map from names, constraints and data of the points given, and checks it.
 *
 * Values of all records are looked at twice, and compared by sketches of bounded size; what was
 * proposed is then followed record by record, and an undeclared link that does not hold for every one
 * of them becomes a remark. Holds a sketch per field: some 10 kB, 400 kB for a key.
 */
export async function discoverMap(
  deps: CheckMapDeps,
  sources: readonly SourceAt[],
  signal: AbortSignal,
): Promise<Discovery> {
  const profiles: EntityProfile[] = []
  for (const source of sources) {
    profiles.push(...(await profileEntities(source, deps.begin, signal)))
  }
  deps.begin('Comparing fields')
  const found = await findLinks(profiles, signal)
  const points = sources.map(({ point, source }) => formatPoint(source, point))
  const proposal = propose(profiles, found, points)
  const first = formatProposal(proposal)
  const check = await checkMap(deps, parseMap(first, 'the proposal'), sources, signal)
  const proved = demote(proposal, check)
  const text = formatProposal(proved)
  const isSame = text === first
  const last = isSame
    ? check
    : await checkMap(deps, parseMap(text, 'the proposal'), sources, signal)
  return {
    text,
    points,
    entities: proved.entities.length,
    links: proved.links.length,
    maybes: proved.maybes.length,
    leftOut: proved.leftOut.length,
    check: { verdict: last.verdict, coverage: last.coverage },
  }
}

async function findLinks(
  profiles: readonly EntityProfile[],
  signal: AbortSignal,
): Promise<ProposedLink[]> {
  const links = proposeLinks(profiles)
  const declared = links.filter(({ isDeclared }) => isDeclared)
  const composites = await proposeComposites(profiles, declared, signal)
  const keys = profiles.flatMap(keysOf)
  const conditional = await proposeConditional(profiles, { keys, links }, signal)
  // What a condition explains is not said without it, nor from the other end.
  const isExplained = ({ fields, from, to, toFields }: ProposedLink) => {
    return conditional.some((one) => {
      if (one.from === from && one.fields[0] === fields[0]) return true
      return one.from === to && one.to === from && one.fields[0] === toFields[0]
    })
  }
  return settleLinks([...links.filter((link) => !isExplained(link)), ...composites, ...conditional])
}

function propose(
  profiles: readonly EntityProfile[],
  found: readonly ProposedLink[],
  points: readonly string[],
): Proposal {
  const likely = found.filter(({ confidence }) => confidence >= LIKELY)
  const roles = shareLoose(findRoles(profiles, likely), likely)
  const entities = [...roles].map(([profile, { because, role }]) => {
    return { profile, role, because, identity: findIdentity(profile, role) }
  })
  const roleOf = new Map(entities.map(({ profile, role }) => [profile, role]))
  const isInside = ({ from, to }: ProposedLink) => roles.has(from) && roles.has(to)
  const kinded = chooseKinds(likely.filter(isInside), roleOf)
  const unsure = found.filter(({ confidence }) => confidence < LIKELY && confidence >= MAYBE)
  return {
    points,
    entities,
    links: kinded,
    maybes: chooseKinds(unsure.filter(isInside), roleOf),
    matches: findMatches(entities),
    leftOut: profiles.filter((profile) => !roles.has(profile)),
  }
}

/**
 * What was taken for a part of a customer because of what it points to, and belongs to nobody in the
 * end while others point to it, is shared: a store has an address, and is no customer's.
 */
function shareLoose(
  roles: ReturnType<typeof findRoles>,
  links: readonly ProposedLink[],
): ReturnType<typeof findRoles> {
  const roleOf = new Map([...roles].map(([profile, { role }]) => [profile, role]))
  const kinded = chooseKinds(links, roleOf)
  const shared = new Map(roles)
  for (const [profile, { role }] of roles) {
    const belongs = kinded.some(({ from, kind }) => from === profile && kind === 'child')
    const referring = links.find(({ from, to }) => to === profile && from !== profile)
    if (role !== 'other' || belongs || referring === undefined) continue
    const because = `${referring.from.entity} points to it, and it belongs to no customer`
    shared.set(profile, { role: 'other-reference', because })
  }
  return shared
}

/** Takes out what nobody declares and the data contradict. */
function demote(proposal: Proposal, { links: checked }: MapCheck): Proposal {
  const faultOf = (link: KindedLink) => {
    return checked.find(({ entity, fields, isFaulty, source, to }) => {
      const isStart = source === link.from.source && entity === link.from.entity
      const isEnd = to.source === link.to.source && to.entity === link.to.entity
      return isStart && isEnd && isFaulty && fields.join('\t') === link.fields.join('\t')
    })
  }
  const isKept = (link: KindedLink) => link.isDeclared || faultOf(link) === undefined
  const demoted = proposal.links.flatMap((link) => {
    const fault = isKept(link) ? undefined : faultOf(link)
    if (fault === undefined) return []
    const { ambiguous, orphans, pointing } = fault
    const found = orphans > 0 ? `${orphans} of ${pointing} name none` : `${ambiguous} share a value`
    return [{ ...link, because: `${found}; ${link.because}` }]
  })
  const links = proposal.links.filter(isKept)
  return { ...proposal, links, maybes: [...proposal.maybes, ...demoted] }
}
