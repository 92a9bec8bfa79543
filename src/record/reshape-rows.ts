import { LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'
import { decodeRowText, NULL_FIELD, splitRowBytes } from './row-text.ts'

/**
 * Rows with other fields, or the same in another order: each of the new ones is at some place of the old
 * row, or null. A large row is held once.
 */
export async function* reshapeRows(
  rows: AsyncIterable<RowBatch>,
  places: readonly (number | null)[],
): AsyncGenerator<RowBatch, void, undefined> {
  for await (const batch of rows) {
    if (batch.kind === 'large') yield reshapeLarge(batch.parts, places)
    else yield* reshapeBatch(batch.bytes, places)
  }
}

/** A null takes two bytes more than nothing: a batch of many nulls is cut where it grows too large. */
function* reshapeBatch(
  bytes: Uint8Array,
  places: readonly (number | null)[],
): Generator<RowBatch, void, undefined> {
  let lines: string[] = []
  let units = 0
  const take = (): RowBatch => {
    const taken = new Uint8Array(Buffer.from(lines.join('')))
    lines = []
    units = 0
    return { kind: 'rows', bytes: taken }
  }
  for (const line of decodeRowText(bytes).split('\n').slice(0, -1)) {
    const fields = line.split('\t')
    const row = places.map((place) => (place === null ? NULL_FIELD : (fields[place] ?? '')))
    lines.push(`${row.join('\t')}\n`)
    units += line.length + places.length * 3
    // Three bytes a unit at most.
    if (units > LARGE_ROW_BYTES / 4) yield take()
  }
  if (lines.length > 0) yield take()
}

function reshapeLarge(parts: readonly Uint8Array[], places: readonly (number | null)[]): RowBatch {
  const fields = splitRowBytes(Buffer.concat(parts))
  const row = places.map((place) =>
    place === null ? Buffer.from(NULL_FIELD) : Buffer.from(fields[place] ?? []),
  )
  const pieces = row.flatMap((field, i) => (i === 0 ? [field] : [Buffer.from('\t'), field]))
  const whole = [...pieces, Buffer.from('\n')].map((piece) => new Uint8Array(piece))
  const sizeBytes = whole.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (sizeBytes > LARGE_ROW_BYTES) return { kind: 'large', parts: whole }
  return { kind: 'rows', bytes: new Uint8Array(Buffer.concat(whole)) }
}
