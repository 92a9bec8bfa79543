import { readRowTexts } from './read-row-texts.ts'
import { LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'

/** Fields of a row as they stand, still escaped; `null`: the row is left out. */
export type MapRow = (fields: readonly string[]) => readonly string[] | null

/** Rows changed as a whole, one by one. A large row is held once. */
export async function* mapRows(
  batches: AsyncIterable<RowBatch>,
  map: MapRow,
): AsyncGenerator<RowBatch, void, undefined> {
  let rows: string[] = []
  let units = 0
  for await (const texts of readRowTexts(batches)) {
    const row = map(texts)?.join('\t')
    if (row === undefined) continue
    // What may be a large row stands alone.
    if (row.length >= BATCH_UNITS_MAX && rows.length > 0) {
      yield toBatch(rows)
      rows = []
      units = 0
    }
    rows.push(row)
    units += row.length + 1
    if (units < BATCH_UNITS_MAX) continue
    yield toBatch(rows)
    rows = []
    units = 0
  }
  if (rows.length > 0) yield toBatch(rows)
}

/** Three bytes a unit at most: what was gathered and one more row stay within the bound of a batch. */
const BATCH_UNITS_MAX = LARGE_ROW_BYTES / 8

function toBatch(rows: readonly string[]): RowBatch {
  const bytes = new Uint8Array(Buffer.from(`${rows.join('\n')}\n`, 'utf8'))
  if (rows.length > 1 || bytes.byteLength <= LARGE_ROW_BYTES) return { kind: 'rows', bytes }
  return { kind: 'large', parts: [bytes] }
}
