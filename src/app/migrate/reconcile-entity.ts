import type { RecordPair } from '#history/pair-versions'
import { readRecordFields } from '#history/record-fields'
import { formatKeyAddress } from '#record/address'
import type { SchemaVersion } from '#record/schema'
import type { DifferenceList } from '#report/difference-list'
import type { Difference, DifferentField, ReconciledEntity } from '#report/reconciliation'
import type { CompareDeps, Compared } from '#restore/compare-target'
import { fingerprintPairs } from '#restore/fingerprint-pairs'
import type { MappedPoint } from './map-point.ts'
import { OriginKeys } from './origin-keys.ts'

export type Reconciling = Compared & {
  /** Then they are counted, and not told one by one: there may be many more than were migrated. */
  readonly isExtraAllowed: boolean
  readonly mapped: MappedPoint
  /** Where what differs is gathered. */
  readonly list: DifferenceList
}

export type ReconciledCounts = Omit<ReconciledEntity, 'from' | 'reason' | 'verdict'>

/**
 * Compares an entity of the target with what a mapping makes of the point, and yields all differences as
 * lines of CSV, in the order of keys of the target.
 */
export async function* reconcileEntity(
  deps: CompareDeps,
  { isExtraAllowed, list, mapped, ...compared }: Reconciling,
  signal: AbortSignal,
): AsyncGenerator<string, ReconciledCounts, undefined> {
  const { schema } = compared.at
  await using keys = new OriginKeys(deps, { mapped, schema }, signal)
  await using pairs = fingerprintPairs(deps, compared, signal)
  const counts = { missing: 0, extra: 0, different: 0 }
  for (;;) {
    const next = await pairs.next()
    if (next.done === true) {
      const { fingerprints, left, right, same } = next.value
      return {
        entity: schema.entity,
        source: { records: left, fingerprint: fingerprints.left },
        target: { records: right, fingerprint: fingerprints.right },
        same,
        ...counts,
      }
    }
    const lines: string[] = []
    for (const pair of next.value) {
      if (pair.left === null && isExtraAllowed) {
        counts.extra += 1
        continue
      }
      const difference = await describePair(deps, { keys, pair, schema }, signal)
      counts[difference.kind] += 1
      lines.push(list.add(difference))
    }
    yield lines.join('')
  }
}

type Describing = {
  readonly keys: OriginKeys
  readonly pair: RecordPair
  readonly schema: SchemaVersion
}

async function describePair(
  { read }: CompareDeps,
  { keys, pair: { key, left, right }, schema }: Describing,
  signal: AbortSignal,
): Promise<Difference> {
  const record = { entity: schema.entity, key: formatKeyAddress(key, schema.key) }
  if (left === null) return { kind: 'extra', ...record, from: null, fields: [] }
  const from = await keys.find(key)
  if (right === null) return { kind: 'missing', ...record, from, fields: [] }
  const wanted = await readRecordFields(read, schema, left, signal)
  const found = await readRecordFields(read, schema, right, signal)
  const fields = Object.keys(wanted).flatMap((field): DifferentField[] => {
    const sides = { wanted: wanted[field] ?? null, found: found[field] ?? null }
    return sides.wanted === sides.found ? [] : [{ field, ...sides }]
  })
  return { kind: 'different', ...record, from, fields }
}
