import type { SegmentRef, SegmentWriteDeps } from './segment.ts'

/**
 * Takes back segments that no entry names and none ever will, as far as the stores let us; what stays
 * is swept by collection.
 */
export async function discardSegments(
  { keyring, store }: Pick<SegmentWriteDeps, 'keyring' | 'store'>,
  refs: readonly SegmentRef[],
): Promise<void> {
  // A signal of its own: what an aborted run wrote is taken back, too.
  const { signal } = new AbortController()
  for (const { blobs, keyring: name, keys, rows } of refs) {
    const objects = [rows, blobs, keys].flatMap((object) => object?.name ?? [])
    await Promise.allSettled([
      ...objects.map((object) => store.delete(object, signal)),
      keyring.delete(name, signal),
    ])
  }
}
