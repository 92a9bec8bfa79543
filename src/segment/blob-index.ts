import type { ObjectName } from '#store/object-store'
import { listBlobs } from './read/list-blobs.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'
import type { BlobRef } from './version-batch.ts'
import { BlobTable } from './write/blob-table.ts'

/** Where the large values of a source lie, so that each is stored once. */
export type BlobIndex = {
  /**
   * Where the value of this hash lies. `undefined`: nowhere yet, and the caller stores it and then
   * announces it; until then whoever else asks for it waits.
   */
  claim(hash: Uint8Array, signal: AbortSignal): Promise<BlobRef | undefined>
  announce(ref: BlobRef): void
}

/**
 * Knows the large values of these segments and those that are announced, as far as its table reaches:
 * beyond some 500 000 a value may be stored again. The segments' keys are read when the first value
 * is asked for, and not at all when none is.
 * @param leaving objects whose values are to be stored elsewhere: what lies there counts as unknown
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export function openBlobIndex(
  deps: SegmentReadDeps,
  segments: readonly PlacedSegment[],
  leaving: ReadonlySet<ObjectName> = new Set(),
): BlobIndex {
  const table = new BlobTable()
  const pending = new Map<string, PromiseWithResolvers<BlobRef>>()
  let loading: Promise<void> | undefined

  async function load(signal: AbortSignal): Promise<void> {
    for await (const { ref } of listBlobs(deps, segments, signal)) {
      if (!leaving.has(ref.object)) table.add(ref)
    }
  }

  return {
    async claim(hash, signal) {
      loading ??= load(signal)
      await loading
      const known = table.find(hash)
      if (known !== undefined) return known
      const name = nameOf(hash)
      const other = pending.get(name)
      if (other !== undefined) return await untilAborted(other.promise, signal)
      pending.set(name, Promise.withResolvers())
      return undefined
    },
    announce(ref) {
      table.add(ref)
      const name = nameOf(ref.hash)
      pending.get(name)?.resolve(ref)
      pending.delete(name)
    },
  }
}

/** Knows nothing but what is announced. */
export function createBlobIndex(): BlobIndex {
  const table = new BlobTable()
  return {
    claim: async (hash) => table.find(hash),
    announce: (ref) => table.add(ref),
  }
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1')
}

/** Whoever claimed the value may fail: then the run is over, and so is waiting. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
