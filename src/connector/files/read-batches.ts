import { setImmediate } from 'node:timers/promises'
import type { RowBatch } from '#record/row-batch'
import { decodeRowText, splitRow } from '#record/row-text'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'

/** More is no text for JavaScript. */
const ROW_BYTES_MAX = 500_000_000

/** The fields of rows as they stand, still escaped. Yields to other work after every batch. */
export async function* readBatches(
  batches: AsyncIterable<RowBatch>,
  fieldCount: number,
  signal: AbortSignal,
): AsyncGenerator<string[], void, undefined> {
  for await (const batch of batches) {
    signal.throwIfAborted()
    for (const row of rowsOf(batch)) {
      const fields = fieldCount === 0 ? [] : splitRow(row)
      assert(fields.length === fieldCount, 'A row to write has the fields that were announced.')
      yield fields
    }
    await setImmediate()
  }
}

function* rowsOf(batch: RowBatch): Generator<string, void, undefined> {
  const bytes = batch.kind === 'rows' ? batch.bytes : Buffer.concat(batch.parts)
  if (bytes.length > ROW_BYTES_MAX) {
    const message = `Cannot write a record: found one of ${bytes.length} bytes, need ${ROW_BYTES_MAX} at most`
    throw new AppError('connector.value-refused', message)
  }
  const text = decodeRowText(bytes)
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    yield text.slice(start, end)
    start = end + 1
  }
}
