import { type EntityAt, entityAt } from '#history/entity-at'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { padRow, scanFields } from '#record/project'
import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import { type CompareDeps, scanTarget } from '#restore/compare-target'
import { entryOf } from '#segment/columns'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { OpenedTarget } from '../context.ts'
import { asCaptured } from '../live/other-platform.ts'
import type { FoundPoint } from '../points/find-point.ts'

export type CopiedRecord = { readonly key: string; readonly fields: CopiedFields }
/** By name; what lies out of line is null, as it is in a record of a closure. */
type CopiedFields = Readonly<Record<string, string | null>>

export type CopyRequest = {
  readonly compare: CompareDeps
  readonly found: FoundPoint
  readonly entities: readonly EntityName[]
}

/**
 * Records of a target as the point's own system prints them, read at one cut. Holds them all: the
 * target has what a drill wrote, and nothing else.
 */
export async function readCopy(
  { system, target: opened }: OpenedTarget,
  { compare, entities, found }: CopyRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<EntityName, readonly CopiedRecord[]>> {
  const { target } = asCaptured(opened, { connector: system.connector, entities, found })
  await using cut = await target.openCut(signal)
  const wanted = new Set(entities)
  const catalogue = await cut.readCatalogue((entity) => wanted.has(entity))
  const copied = new Map<EntityName, CopiedRecord[]>()
  for (const entity of entities) {
    const described = catalogue.entities.find((one) => one.entity === entity)
    const records: CopiedRecord[] = []
    copied.set(entity, records)
    if (described === undefined) continue
    const at = entityAt(found.state, found.point, entity)
    const versions = scanTarget(compare, { at, cut, described }, { rows: true, signal })
    for await (const batch of versions) {
      for (const record of describeBatch(at, batch)) records.push(record)
    }
  }
  return copied
}

function* describeBatch({ schema }: EntityAt, { count, keys, rows }: VersionBatch) {
  assert(rows !== null, 'A target is read with its rows.')
  const names = scanFields(schema)
  for (let i = 0; i < count; i++) {
    const texts = padRow(splitRow(decodeRowText(entryOf(rows, i))), schema)
    const pairs = names.map((name, n) => [name, toValue(texts[n] ?? '')] as const)
    const key = formatKeyAddress(entryOf(keys, i), schema.key)
    yield { key, fields: Object.fromEntries(pairs) }
  }
}

function toValue(text: string): string | null {
  return parseLargeMarker(text) === undefined ? parseField(text) : null
}
