import { formatKeyValues } from '#record/address'
import { findRecords, formatValues, valuesOf } from './closure/find-records.ts'
import type { EntityPlace } from './customer-map.ts'
import { keyOf } from './key-of.ts'
import type { EntityInMap, LinkInMap, MapAt } from './map-at.ts'
import { isParty } from './roles.ts'

type Fields = Readonly<Record<string, string | null>>

/** One version of a record, as a history tells it. */
export type ToldVersion = {
  readonly source: string
  readonly entity: string
  readonly time: string
  readonly point: string
  readonly fields: Fields
  /** `null` where it was not there before. */
  readonly before: Fields | null
}

/** Records that hung on one party of a system and hang on another from some moment on. */
export type PartyMove = EntityPlace & {
  readonly time: string
  readonly point: string
  /** `merged`: the first is gone by now, or names the second itself; else `moved`. */
  readonly kind: 'merged' | 'moved'
  /** Keys of both parties. */
  readonly from: string
  readonly to: string
  readonly records: readonly (EntityPlace & { readonly count: number })[]
}

/**
 * What the versions of records tell of merges inside a system: fields that say whose a record is, and that
 * named another party before. The newest first. Looks up each party that something went from or to.
 *
 * @param laid the map over the newest points
 */
export async function findMoves(
  laid: Pick<MapAt, 'links'>,
  versions: readonly ToldVersion[],
  signal: AbortSignal,
): Promise<PartyMove[]> {
  const owning = laid.links.filter(({ from, kind, to }) => {
    return kind === 'child' && isParty(to.map.role) && !isParty(from.map.role)
  })
  const groups = new Map<string, Group>()
  for (const version of versions) {
    for (const link of owning) {
      if (version.entity !== link.from.map.entity || version.source !== link.from.map.source)
        continue
      const [from, to] = [namedBy(link, version.before), namedBy(link, version.fields)]
      if (from === undefined || to === undefined) continue
      if (formatValues(from) !== formatValues(to)) addMove(groups, { link, version, from, to })
    }
  }
  const moves: PartyMove[] = []
  for (const group of groups.values()) moves.push(await describeMove(laid, group, signal))
  return moves.sort(
    (a, b) => Date.parse(b.time) - Date.parse(a.time) || (a.point < b.point ? 1 : -1),
  )
}

type Move = {
  readonly link: LinkInMap
  readonly version: ToldVersion
  readonly from: readonly string[]
  readonly to: readonly string[]
}
type Group = Move & { readonly records: Map<EntityInMap, number> }

/** The values by which a version names its party. */
function namedBy(
  { fields: names, none, when }: LinkInMap,
  fields: Fields | null,
): string[] | undefined {
  if (fields === null || !when.every(([name, value]) => fields[name] === value)) return undefined
  const values = valuesOf({ fields }, names)
  return values?.some((value) => none.includes(value)) === true ? undefined : values
}

function addMove(groups: Map<string, Group>, move: Move): void {
  const { from, link, to, version } = move
  const { entity, source } = link.to.map
  const sides = [formatValues(from), formatValues(to), link.toFields.join('\t')]
  const name = [source, entity, version.point, ...sides].join('\n')
  const group = groups.get(name) ?? { ...move, records: new Map() }
  groups.set(name, group)
  group.records.set(link.from, (group.records.get(link.from) ?? 0) + 1)
}

async function describeMove(
  { links }: Pick<MapAt, 'links'>,
  { from, link, records, to, version }: Group,
  signal: AbortSignal,
): Promise<PartyMove> {
  const { toFields } = link
  const [left, right] = [
    await findOne(link.to, { toFields, values: from }, signal),
    await findOne(link.to, { toFields, values: to }, signal),
  ]
  const own = links.filter((one) => one.from === link.to && one.to === link.to)
  const namesOther = own.some((one) => {
    const named = left && namedBy(one, left.fields)
    const other = right && valuesOf(right, one.toFields)
    return named !== undefined && other !== undefined && formatValues(named) === formatValues(other)
  })
  const { entity, source } = link.to.map
  return {
    source,
    entity,
    time: version.time,
    point: version.point,
    kind: left === undefined || namesOther ? 'merged' : 'moved',
    from: left?.key ?? formatNamed(link, from),
    to: right?.key ?? formatNamed(link, to),
    records: [...records].map(([{ map }, count]) => {
      return { source: map.source, entity: map.entity, count }
    }),
  }
}

async function findOne(
  entity: EntityInMap,
  {
    toFields,
    values,
  }: { readonly toFields: readonly string[]; readonly values: readonly string[] },
  signal: AbortSignal,
) {
  const ask = { fields: toFields, when: [], values: new Set([formatValues(values)]) }
  for await (const { record } of findRecords(entity, [ask], signal)) return record
  return undefined
}

/** The key of a party that is gone, where it is named by it; else what it is named by. */
function formatNamed({ to, toFields }: LinkInMap, values: readonly string[]): string {
  const { key } = to.at.schema
  const names = keyOf(to.at.schema)
  const inOrder = names.flatMap((name) => values[toFields.indexOf(name)] ?? [])
  const isKey =
    key.kind === 'fields' && inOrder.length === names.length && names.length === values.length
  return isKey ? formatKeyValues(inOrder, key.encodings) : values.join(',')
}
