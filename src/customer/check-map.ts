import { assert } from '#stdx/assert'
import { formatPoint } from '#timeline/format-point'
import { type CustomerMap, formatPlace } from './customer-map.ts'
import {
  type EntityInMap,
  entitiesOf,
  type LinkInMap,
  type MapProblem,
  mapAt,
  type SourceAt,
} from './map-at.ts'
import { type MeasureDeps, type MeasuredLink, measureLink } from './measure-links.ts'
import { isParty, isReference, type Role } from './roles.ts'
import { findSharedValues, type SharedValue } from './shared-values.ts'
import { keysAt } from './values/keys-at.ts'
import { type JoinedLink, type Reached, reachRows } from './values/reach-rows.ts'

/** What a map is worth at the points it was held against, as `map check --json` prints it. */
export type MapCheck = {
  readonly verdict: 'clean' | 'differs'
  readonly points: readonly string[]
  /** What the map says and the points do not hold, by line. */
  readonly problems: readonly MapProblem[]
  readonly entities: readonly CheckedEntity[]
  readonly links: readonly CheckedLink[]
  /** What the points hold and the map neither names nor leaves out. */
  readonly unmapped: readonly {
    readonly source: string
    readonly entity: string
    readonly rows: number
  }[]
  /** Values that parties are matched by and that several of one entity share. */
  readonly shared: readonly SharedValue[]
  readonly coverage: Coverage
}

export type CheckedEntity = {
  readonly source: string
  readonly entity: string
  readonly role: Role
  readonly rows: number
  /** Records that belong to a party; of reference data: that a record of a party needs. */
  readonly reached: number
  /** Of a party: records that no other system knows; `null` where only one system has parties. */
  readonly alone: number | null
}

export type CheckedLink = {
  readonly line: number
  readonly source: string
  readonly entity: string
  readonly fields: readonly string[]
  readonly to: {
    readonly source: string
    readonly entity: string
    readonly fields: readonly string[]
  }
  readonly kind: LinkInMap['kind']
  /** The identity field whose agreement it is; what does not agree is no fault. */
  readonly match: string | null
  /** Records whose fields name another record. */
  readonly pointing: number
  /** Of these, those that name one that is not there. */
  readonly orphans: number
  /** Keys of the first few orphans. */
  readonly examples: readonly string[]
  /** Records over there that share the value by which they are named: which is meant, nobody knows. */
  readonly ambiguous: number
  /** Whether it names records that are not there, or that it cannot tell apart. */
  readonly isFaulty: boolean
}

export type Coverage = {
  readonly entities: number
  readonly entitiesMapped: number
  readonly rows: number
  readonly rowsMapped: number
  readonly rowsReached: number
}

export type CheckMapDeps = MeasureDeps & {
  /** Told before each link is followed. */
  readonly begin: (label: string) => void
}

/**
 * Holds a map against points: looks up every name, follows every link for all records, and spreads
 * what belongs to parties. Everything is counted, nothing sampled.
 *
 * Holds three bits a record, and what following one link takes; the rest lies sealed on disk.
 */
export async function checkMap(
  deps: CheckMapDeps,
  map: CustomerMap,
  sources: readonly SourceAt[],
  signal: AbortSignal,
): Promise<MapCheck> {
  const laid = mapAt(map, sources)
  await using stack = new AsyncDisposableStack()
  const measured: MeasuredLink[] = []
  const links: CheckedLink[] = []
  for (const link of laid.links) {
    deps.begin(
      `Following ${link.fields.join(', ')} of ${link.from.map.source} ${link.from.map.entity}`,
    )
    const one = await measureLink(deps, link, signal)
    stack.use(one.groups)
    measured.push(one)
    links.push(await describeLink(one, signal))
  }
  const reached = await reachAll(laid.entities, measured)
  const alone = await countAlone(laid.entities, measured)
  const entities = laid.entities.map((entity, i) => describeEntity(entity, { i, reached, alone }))
  const isClean = laid.problems.length === 0 && !links.some(({ isFaulty }) => isFaulty)
  const { problems, unmapped } = laid
  return {
    verdict: isClean ? 'clean' : 'differs',
    points: sources.map(({ point, source }) => formatPoint(source, point)),
    problems: [...problems].sort((a, b) => a.line - b.line),
    entities,
    links,
    unmapped,
    shared: await findShared(deps, map, laid.entities, signal),
    coverage: cover(map, sources, entities),
  }
}

async function findShared(
  deps: CheckMapDeps,
  { match }: CustomerMap,
  entities: readonly EntityInMap[],
  signal: AbortSignal,
): Promise<SharedValue[]> {
  const shared: SharedValue[] = []
  for (const entity of entities) {
    if (!isParty(entity.map.role)) continue
    for (const by of match) {
      if (entity.map.identity[by] === undefined) continue
      deps.begin(`Comparing ${entity.map.identity[by]} of ${formatPlace(entity.map)}`)
      shared.push(...(await findSharedValues(deps, entity, by, signal)))
    }
  }
  return shared
}

async function describeLink(measured: MeasuredLink, signal: AbortSignal): Promise<CheckedLink> {
  const { link, orphanOrdinals, orphans, pointing, repeated } = measured
  const { fields, from, kind, line, match, to, toFields } = link
  const isDeclared = match === null
  return {
    line,
    source: from.map.source,
    entity: from.map.entity,
    fields,
    to: { source: to.map.source, entity: to.map.entity, fields: toFields },
    kind,
    match,
    pointing,
    orphans,
    examples: isDeclared ? await keysAt(from.deps, from.at, orphanOrdinals, signal) : [],
    ambiguous: repeated,
    isFaulty: isDeclared && (orphans > 0 || repeated > 0),
  }
}

function reachAll(
  entities: readonly EntityInMap[],
  measured: readonly MeasuredLink[],
): Promise<Reached> {
  const parties = [...entities.keys()].filter((i) => isParty(entities[i]?.map.role ?? 'other'))
  return reachRows(rowCounts(entities), parties, joined(entities, measured))
}

/** Of each party, how many records no party of another source leads to; over identities alone. */
async function countAlone(
  entities: readonly EntityInMap[],
  measured: readonly MeasuredLink[],
): Promise<readonly (number | null)[]> {
  const parties = [...entities.entries()].filter(([, { map }]) => isParty(map.role))
  const sources = [...new Set(parties.map(([, { map }]) => map.source))]
  const alone: (number | null)[] = entities.map(() => null)
  if (sources.length < 2) return alone
  // A crosswalk record says which two are one: from either it leads to the other.
  const identities = measured.filter(({ link }) => {
    return link.kind === 'same' || link.from.map.role === 'crosswalk'
  })
  const links = joined(entities, identities).map((link) => ({ ...link, kind: 'same' as const }))
  for (const source of sources) {
    const others = parties.filter(([, { map }]) => map.source !== source).map(([i]) => i)
    const { owned } = await reachRows(rowCounts(entities), others, links)
    for (const [i, { map, rows }] of parties) {
      if (map.source === source) alone[i] = rows - (owned[i]?.count ?? 0)
    }
  }
  return alone
}

function rowCounts(entities: readonly EntityInMap[]): number[] {
  return entities.map(({ rows }) => rows)
}

function joined(entities: readonly EntityInMap[], measured: readonly MeasuredLink[]): JoinedLink[] {
  const indexOf = (entity: EntityInMap) => {
    const index = entities.indexOf(entity)
    assert(index >= 0, 'A link leads from and to entities of its map.')
    return index
  }
  return measured.map(({ groups, link }) => {
    return { kind: link.kind, from: indexOf(link.from), to: indexOf(link.to), groups }
  })
}

function describeEntity(
  { map, rows }: EntityInMap,
  counted: {
    readonly i: number
    readonly reached: Reached
    readonly alone: readonly (number | null)[]
  },
): CheckedEntity {
  const { alone, i, reached } = counted
  const bits = isReference(map.role) ? reached.needed[i] : reached.owned[i]
  return {
    source: map.source,
    entity: map.entity,
    role: map.role,
    rows,
    reached: bits?.count ?? 0,
    alone: alone[i] ?? null,
  }
}

function cover(
  map: CustomerMap,
  sources: readonly SourceAt[],
  checked: readonly CheckedEntity[],
): Coverage {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0)
  const all = sources.flatMap((at) => {
    return entitiesOf(at).filter(
      ({ entity }) => map.leftOut.get(at.source)?.includes(entity) !== true,
    )
  })
  return {
    entities: all.length,
    entitiesMapped: checked.length,
    rows: sum(all.map(({ rows }) => rows)),
    rowsMapped: sum(checked.map(({ rows }) => rows)),
    rowsReached: sum(checked.map(({ reached }) => reached)),
  }
}
