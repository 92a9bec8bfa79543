import type { EntityAt } from '#history/entity-at'
import { viewKey } from '#history/pair-versions'
import type { PointRecord } from '#migrate/sides'
import { formatKeyAddress } from '#record/address'
import { readRowTexts } from '#record/read-row-texts'
import type { CompareDeps } from '#restore/compare-target'
import { toRowBatches } from '#segment/large-values'
import { readState } from '#segment/read-state'

/** The records of an entity of a point in key order, large values in place, each held whole. */
export async function* readRecords(
  { progress, read }: Pick<CompareDeps, 'progress' | 'read'>,
  { asOf, schema, schemas, segments }: EntityAt,
  signal: AbortSignal,
): AsyncGenerator<PointRecord, void, undefined> {
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(read, options)) {
    let index = 0
    for await (const row of readRowTexts(toRowBatches(read, batch, signal))) {
      const place = index
      yield { row, address: () => formatKeyAddress(viewKey(batch, place), schema.key) }
      index += 1
    }
    progress({ rows: batch.count, bytes: batch.rows?.bytes.byteLength ?? 0 })
  }
}
