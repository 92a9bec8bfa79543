import { type EntityAt, entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { SegmentReadDeps } from '#segment/segment'
import type { VersionsOf } from '#segment/state-finder'
import { didYouMean } from '#stdx/did-you-mean'
import { formatPoint } from '#timeline/format-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { type Decided, layDecisions } from './closure/decided-links.ts'
import {
  type CustomerMap,
  formatPlace,
  isSamePlace,
  type MapEntity,
  type MapLink,
} from './customer-map.ts'
import { standingOf } from './decisions.ts'
import { columnsOf } from './index/columns-of.ts'
import type { Lookup, RowIndex } from './index/row-index.ts'
import { keyOf } from './key-of.ts'
import type { IdentityField, LinkKind } from './map-schema.ts'
import { isParty } from './roles.ts'

/** A source at the moment that is asked about. */
export type SourceAt = {
  readonly source: string
  readonly state: Pick<TimelineState, 'schemas' | 'segments' | 'source'>
  readonly point: Point
  readonly deps: SegmentReadDeps
  /** What finds records without reading them all; absent: they are read. */
  readonly index?: Pick<RowIndex, 'findVersions'> | undefined
  /** The point is what the source itself held when it was asked; absent: it is one of the vault. */
  readonly live?: LiveMoment
}

/** When a source was asked, and the point that what it held then is laid over. */
export type LiveMoment = {
  /** By the source's clock, ISO 8601. */
  readonly time: string
  readonly newest: Point
}

/** `erp@12`, or `erp@live` where the source itself was asked. */
export function formatMoment({ live, point, source }: SourceAt): string {
  return live === undefined ? formatPoint(source, point) : `${source}@live`
}

/** An entity of the map as a point holds it. */
export type EntityInMap = {
  readonly map: MapEntity
  readonly at: EntityAt
  readonly deps: SegmentReadDeps
  readonly rows: number
  /**
   * Versions of which those that the point holds may answer one of the lookups; `undefined` when only
   * reading the entity tells.
   */
  findVersions(
    lookups: readonly Lookup[],
    signal: AbortSignal,
  ): Promise<readonly VersionsOf[] | undefined>
}

/** A link between entities that the points hold, with the fields of both sides. */
export type LinkInMap = {
  readonly line: number
  readonly kind: LinkKind
  readonly from: EntityInMap
  readonly to: EntityInMap
  readonly fields: readonly string[]
  readonly toFields: readonly string[]
  readonly when: MapLink['when']
  readonly none: readonly string[]
  readonly rowsMax: number | undefined
  /** Two parties that agree in a field: what does not agree is no fault. */
  readonly match: IdentityField | null
}

/** Where the map says what a point does not hold. */
export type MapProblem = { readonly line: number; readonly problem: string }

export type MapAt = {
  readonly entities: readonly EntityInMap[]
  readonly links: readonly LinkInMap[]
  /** What people decided beyond that. */
  readonly decided: Decided
  readonly problems: readonly MapProblem[]
  /** What the points hold and the map does not name. */
  readonly unmapped: readonly {
    readonly source: string
    readonly entity: string
    readonly rows: number
  }[]
}

/** Lays a map over points: what it names is looked up, what is not there becomes a problem. Pure. */
export function mapAt(map: CustomerMap, sources: readonly SourceAt[]): MapAt {
  const problems: MapProblem[] = []
  const entities: EntityInMap[] = []
  for (const entity of map.entities) {
    const found = findEntity(map, entity, sources)
    if (typeof found === 'string') problems.push({ line: entity.line, problem: found })
    else {
      entities.push(found)
      problems.push(...judgeFields(found))
    }
  }
  const links: LinkInMap[] = []
  for (const from of entities) {
    problems.push(...judgePeriod(from.map, entities))
    for (const link of from.map.links) {
      const to = entities.find(({ map: one }) => isSamePlace(one, link.to))
      if (to === undefined) continue // That it is not there is said of the entity itself.
      const found = resolveLink(from, link, to)
      if (typeof found === 'string') problems.push({ line: link.line, problem: found })
      else links.push(found)
    }
  }
  links.push(...matchLinks(map, entities))
  problems.push(...judgeSideEffects(map, sources))
  const decided = layDecisions(standingOf(map.decisions), entities)
  return { entities, links, decided, problems, unmapped: findUnmapped(map, sources) }
}

/** Facts of all entities that a point holds. */
export function entitiesOf({ point }: SourceAt): readonly { entity: EntityName; rows: number }[] {
  return point.entities
}

function findEntity(
  whole: CustomerMap,
  map: MapEntity,
  sources: readonly SourceAt[],
): EntityInMap | string {
  const at = sources.find(({ source }) => source === map.source)
  if (at === undefined) {
    const known = sources.map(({ source }) => source)
    return `the vault has no point of source ${map.source}${didYouMean(map.source, known)}`
  }
  const all = entitiesOf(at)
  const facts = all.find(({ entity }) => entity === map.entity)
  if (facts === undefined) {
    const known = all.map(({ entity }) => entity)
    const where = formatMoment(at)
    return `${where} holds no entity ${map.entity}${didYouMean(map.entity, known)}`
  }
  const found = entityAt(at.state, at.point, map.entity)
  return {
    map,
    at: found,
    deps: at.deps,
    rows: facts.rows,
    async findVersions(lookups, signal) {
      const columns = columnsOf(whole, map, found.schema)
      return await at.index?.findVersions(found, { columns, lookups }, signal)
    },
  }
}

/** A name that is misspelled would guard nothing. */
function judgeSideEffects(
  { sideEffects }: CustomerMap,
  sources: readonly SourceAt[],
): MapProblem[] {
  return sources.flatMap((at) => {
    const known = entitiesOf(at).map(({ entity }) => entity)
    const unknown = (sideEffects.get(at.source) ?? []).filter((one) => !known.includes(one.entity))
    const where = formatMoment(at)
    return unknown.map(({ entity, line }) => {
      const problem = `${where} holds no entity ${entity}${didYouMean(entity, known)}`
      return { line, problem }
    })
  })
}

function judgeFields({ at: { schema }, map }: EntityInMap): MapProblem[] {
  const place = formatPlace(map)
  const named = Object.values(map.identity).flatMap((name) => (name === undefined ? [] : [name]))
  const { classes, key = [], open, period } = map
  named.push(...key, ...[...classes.values()].flat())
  if (open !== undefined) named.push(open.field)
  if (period !== undefined) named.push(period.date, ...period.fields)
  const problems = named.flatMap((name) => missing(schema, name, place))
  const declared = keyOf(schema)
  if (map.key !== undefined && declared.length > 0 && !isSameSet(map.key, declared)) {
    problems.push(`the key of ${place} is ${declared.join(', ')}, not ${map.key.join(', ')}`)
  }
  if (isParty(map.role) && map.identity.number === undefined && declared.length === 0) {
    problems.push(`${place} is a party without a key and without a number to find it by`)
  }
  return problems.map((problem) => ({ line: map.line, problem }))
}

/** Whether the days of posting periods are where the map says. */
function judgePeriod({ period }: MapEntity, entities: readonly EntityInMap[]): MapProblem[] {
  const to = period && entities.find(({ map: one }) => isSamePlace(one, period.to))
  if (period === undefined || to === undefined) return []
  const { days, line, toFields = [] } = period
  const named = [...toFields, ...(days.kind === 'lock' ? [days.until] : [days.from, days.until])]
  const place = formatPlace(to.map)
  const problems = named.flatMap((name) => missing(to.at.schema, name, place))
  return problems.map((problem) => ({ line, problem }))
}

function resolveLink(from: EntityInMap, link: MapLink, to: EntityInMap): LinkInMap | string {
  const own = [...link.fields, ...link.when.map(([field]) => field)]
  const toFields = link.toFields ?? to.map.key ?? keyOf(to.at.schema)
  const problems = [
    ...own.flatMap((name) => missing(from.at.schema, name, formatPlace(from.map))),
    ...toFields.flatMap((name) => missing(to.at.schema, name, formatPlace(to.map))),
  ]
  if (toFields.length === 0) problems.push(`${formatPlace(to.map)} has no key: name \`toFields\``)
  else if (toFields.length !== link.fields.length) {
    const key = `${toFields.length} of ${formatPlace(to.map)}, ${toFields.join(', ')}`
    problems.push(`${link.fields.length} fields cannot point to ${key}`)
  }
  if (problems.length > 0) return problems.join('; ')
  const { fields, kind, line, none, rowsMax, when } = link
  return { line, kind, from, to, fields, toFields, when, none, rowsMax, match: null }
}

/** A value that more parties of one system share (`N/A`, a tax office's sample) says nothing of who they are. */
const MATCHED_MAX = 100

/** Each two parties of different sources that both have the field. */
function matchLinks({ bounds, match }: CustomerMap, entities: readonly EntityInMap[]): LinkInMap[] {
  const parties = entities.filter(({ map }) => isParty(map.role))
  return match.flatMap((name) =>
    parties.flatMap((from, i) =>
      parties.slice(i + 1).flatMap((to) => {
        const [own, other] = [from.map.identity[name], to.map.identity[name]]
        if (own === undefined || other === undefined || from.map.source === to.map.source) return []
        if (missing(from.at.schema, own, '').length > 0) return []
        if (missing(to.at.schema, other, '').length > 0) return []
        const sides = { from, to, fields: [own], toFields: [other] }
        const none = ['', ...from.map.identityNone, ...to.map.identityNone]
        const rowsMax = Math.min(MATCHED_MAX, bounds.rowsPerLinkMax)
        const rest = { when: [], none, rowsMax, line: from.map.line }
        return [{ ...sides, ...rest, kind: 'same' as const, match: name }]
      }),
    ),
  )
}

function findUnmapped({ entities, leftOut }: CustomerMap, sources: readonly SourceAt[]) {
  return sources.flatMap((at) => {
    const own = entities.filter(({ source }) => source === at.source)
    const known = new Set([...own.map(({ entity }) => entity), ...(leftOut.get(at.source) ?? [])])
    return entitiesOf(at)
      .filter(({ entity }) => !known.has(entity))
      .map(({ entity, rows }) => ({ source: at.source, entity, rows }))
  })
}

function missing({ fields }: SchemaVersion, name: string, place: string): string[] {
  const names = fields.map((field) => field.name)
  return names.includes(name) ? [] : [`${place} has no field ${name}${didYouMean(name, names)}`]
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}
