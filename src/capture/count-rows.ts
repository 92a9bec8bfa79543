import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'

/** Told what was read, batch by batch. */
export type CaptureProgress = (read: {
  readonly entity: EntityName
  readonly bytes: number
}) => void

/** The same batches, telling `progress` of each as it passes. */
export async function* countRows(
  progress: CaptureProgress,
  entity: EntityName,
  rows: AsyncIterable<RowBatch>,
): AsyncGenerator<RowBatch, void, undefined> {
  for await (const batch of rows) {
    progress({ entity, bytes: sizeOf(batch) })
    yield batch
  }
}

function sizeOf(batch: RowBatch): number {
  if (batch.kind === 'rows') return batch.bytes.byteLength
  return batch.parts.reduce((sum, part) => sum + part.byteLength, 0)
}
