import { batchBytes, type RowBatch } from '#record/row-batch'

/** Told of rows that were read or written, batch by batch. */
export type RowProgress = (done: { readonly rows: number; readonly bytes: number }) => void

/** The same batches, telling of each when the next is asked for. Costs a search for line ends. */
export async function* tellRows(
  progress: RowProgress,
  batches: AsyncIterable<RowBatch>,
): AsyncGenerator<RowBatch, void, undefined> {
  for await (const batch of batches) {
    // Counted before it is given away.
    const done = { rows: countRows(batch), bytes: batchBytes(batch) }
    yield batch
    progress(done)
  }
}

function countRows(batch: RowBatch): number {
  if (batch.kind === 'large') return 1
  const { bytes } = batch
  let rows = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) rows += 1
  return rows
}

const NEWLINE = 0x0a
