import type { ObjectRef, SegmentRef } from '#segment/segment'
import { AppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'

const STATS_MAX = 16

/**
 * Looks, before a commit, whether every object that it will name is there at its full size.
 * @throws vault.object-missing naming the first that is not
 */
export async function checkObjects(
  { keyring, store }: { readonly store: ObjectStore; readonly keyring: ObjectStore },
  segments: readonly SegmentRef[],
  signal: AbortSignal,
): Promise<void> {
  const checking = mapConcurrent(
    segments,
    STATS_MAX,
    async ({ blobs, keyring: name, keys, rows }) => {
      for (const ref of [rows, blobs, keys]) {
        if (ref !== null) await checkObject(store, ref, signal)
      }
      if ((await keyring.stat(name, signal)) === undefined) throw missing(name, 'it is not there')
    },
  )
  for await (const _ of checking);
}

async function checkObject(store: ObjectStore, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const found = await store.stat(ref.name, signal)
  if (found === undefined) throw missing(ref.name, 'it is not there')
  if (found.sizeBytes === ref.sizeBytes) return
  throw missing(ref.name, `it has ${found.sizeBytes} bytes, ${ref.sizeBytes} were written`)
}

function missing(name: string, found: string): AppError {
  const message = `Cannot commit object "${name}": ${found}`
  return new AppError('vault.object-missing', message, { object: name })
}
