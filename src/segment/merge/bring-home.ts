import type { ObjectName } from '#store/object-store'
import { readLargeValue } from '../large-values.ts'
import type { SegmentReadDeps } from '../segment.ts'
import type { LargeValue, VersionBatch } from '../version-batch.ts'

/**
 * The batch with the values in it that lie in one of `leaving`, so that they are stored anew with their
 * versions. Holds those of one batch.
 */
export async function bringHome(
  deps: SegmentReadDeps,
  batch: VersionBatch,
  { leaving, signal }: { readonly leaving: ReadonlySet<ObjectName>; readonly signal: AbortSignal },
): Promise<VersionBatch> {
  if (batch.large.size === 0 || leaving.size === 0) return batch
  const large = new Map<number, readonly LargeValue[]>()
  for (const [index, values] of batch.large) {
    const brought: LargeValue[] = []
    for (const value of values) {
      const isLeaving = value.kind === 'stored' && leaving.has(value.ref.object)
      brought.push(isLeaving ? await fetchValue(deps, value, signal) : value)
    }
    large.set(index, brought)
  }
  return { ...batch, large }
}

async function fetchValue(
  deps: SegmentReadDeps,
  { fieldIndex, ref }: Extract<LargeValue, { kind: 'stored' }>,
  signal: AbortSignal,
): Promise<LargeValue> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const part of readLargeValue(deps, ref, signal)) parts.push(part)
  return { kind: 'bytes', fieldIndex, parts }
}
