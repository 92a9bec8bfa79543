import type { RowBatch } from './row-batch.ts'
import { decodeRowText, splitRow } from './row-text.ts'

/** Rows of a scan, each as its escaped texts in the order that was asked for. */
export async function* readRowTexts(
  batches: AsyncIterable<RowBatch>,
): AsyncGenerator<readonly string[], void, undefined> {
  for await (const batch of batches) {
    const bytes = batch.kind === 'rows' ? batch.bytes : Buffer.concat(batch.parts)
    const lines = decodeRowText(bytes).split('\n')
    // The last one ends the batch; a row of one empty text is an empty line, too.
    for (const line of lines.slice(0, -1)) yield splitRow(line)
  }
}
