import type { SegmentRef } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import type { CaptureBody, TableRef } from '#timeline/entry'
import type { CompactBody } from '#timeline/maintenance-entry'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from './vault.ts'

const STATS_MAX = 16

/** What is to be committed, and after what. */
export type ToCommit = {
  readonly body: CaptureBody | CompactBody
  readonly state: TimelineState
}

/**
 * Looks, before a commit, whether every object that it will name is there at its full size.
 * @throws vault.object-missing naming the first that is not
 * @throws timeline.lost-race when one is not and others have committed meanwhile: they may have
 * declared this writer dead, and what it wrote is gone by right
 */
export async function checkObjects(
  vault: Pick<Vault, 'keyring' | 'readTimeline' | 'store'>,
  { body, state: { headSeq, source } }: ToCommit,
  signal: AbortSignal,
): Promise<void> {
  try {
    await checkAll(vault, body.segments, signal)
    const table = body.kind === 'capture' ? body.follow?.transactions?.table : null
    if (table != null) await checkObject(vault.store, table, signal)
  } catch (error) {
    if (!isAppError(error, 'vault.object-missing')) throw error
    if ((await vault.readTimeline(source, signal)).headSeq === headSeq) throw error
    const message = `Cannot commit after entry ${headSeq} of "${source}": somebody else committed there first`
    throw new AppError('timeline.lost-race', message, { source }, { cause: error })
  }
}

async function checkAll(
  { keyring, store }: Pick<Vault, 'keyring' | 'store'>,
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

async function checkObject(store: ObjectStore, ref: TableRef, signal: AbortSignal): Promise<void> {
  const found = await store.stat(ref.name, signal)
  if (found === undefined) throw missing(ref.name, 'it is not there')
  if (found.sizeBytes === ref.sizeBytes) return
  throw missing(ref.name, `it has ${found.sizeBytes} bytes, ${ref.sizeBytes} were written`)
}

function missing(name: string, found: string): AppError {
  const message = `Cannot commit object "${name}": ${found}`
  return new AppError('vault.object-missing', message, { object: name })
}
