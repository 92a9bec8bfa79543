import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import { parseObjectName } from '../object-name.ts'
import type { ObjectStore } from '../object-store.ts'
import { ATTEMPT_LIMITS, type Attempt, type AttemptLimits, attempt } from './attempts.ts'
import { createS3, DAY_MS } from './create-s3.ts'
import { deleteS3 } from './delete-s3.ts'
import { extendRetentionS3 } from './extend-retention-s3.ts'
import { listS3, listS3Folder } from './list-s3.ts'
import { readS3, statS3 } from './read-s3.ts'
import { BodySpool, bodyOf } from './s3-body.ts'
import type { S3Calls, S3Credentials } from './s3-calls.ts'
import { labelOf, type S3Place } from './s3-place.ts'

const SPOOL_MEMORY_BYTES_MAX = 1024 * 1024
/** Most that a listing gives at a time, anywhere. */
const PAGE_MAX = 1000

export type S3StoreOptions = {
  readonly place: S3Place
  /** Where objects that come in pieces wait until they are complete. */
  readonly tempDir: string
  readonly clock: Clock
  /** Names temporary files and spreads retries. */
  readonly random: Random
  /** Over the defaults of `ATTEMPT_LIMITS`. */
  readonly limits?: Partial<AttemptLimits>
  readonly pageMax?: number
  /** Instead of those that the SDK finds. */
  readonly credentials?: S3Credentials
}

/** What the parts of this store are given. */
export type S3Deps = {
  readonly place: S3Place
  readonly label: string
  readonly clock: Clock
  readonly pageMax: number
  calls(): Promise<S3Calls>
  keyOf(name: string): string
  /** See `attempt`. */
  attempt<T>(attempt: Attempt, request: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/**
 * A store in a bucket of Amazon S3, or of another store that speaks its language: one object each,
 * created by a conditional PUT (`If-None-Match: *`) and never in parts, so it appears whole.
 *
 * Opening does no I/O; the SDK is loaded at the first request, as it costs what the rest of a start
 * costs. Requests that fail in passing are made again, a bounded number of times. A create whose
 * answer got lost is decided by trying again and by looking whose bytes are there.
 */
export function openS3Store(options: S3StoreOptions): ObjectStore {
  const { clock, place, random, tempDir } = options
  const limits = { ...ATTEMPT_LIMITS, ...options.limits }
  let calls: Promise<S3Calls> | undefined
  const deps: S3Deps = {
    place,
    label: labelOf(place),
    clock,
    pageMax: options.pageMax ?? PAGE_MAX,
    keyOf: (name) => (place.prefix === '' ? name : `${place.prefix}/${name}`),
    calls: () => {
      calls ??= import('./s3-calls.ts').then(({ openS3Calls }) =>
        openS3Calls(place, clock, options.credentials),
      )
      return calls
    },
    attempt: (what, request) => attempt({ clock, random, limits }, what, request),
  }
  const spoolDeps = { random, tempDir, memoryBytesMax: SPOOL_MEMORY_BYTES_MAX }
  return place.lock === undefined
    ? storeOf(deps, spoolDeps)
    : {
        ...storeOf(deps, spoolDeps),
        lock: {
          keepMs: place.lock.days * DAY_MS,
          extendRetention: (name, untilMs, signal) =>
            extendRetentionS3(deps, parseObjectName(name), { untilMs, signal }),
          unlocked: storeOf({ ...deps, place: { ...place, lock: undefined } }, spoolDeps),
        },
      }
}

function storeOf(deps: S3Deps, spoolDeps: ConstructorParameters<typeof BodySpool>[0]): ObjectStore {
  return {
    label: deps.label,
    async put(name, bytes, signal) {
      return await createS3(deps, parseObjectName(name), { body: bodyOf(bytes), signal })
    },
    async create(name, signal) {
      signal.throwIfAborted()
      parseObjectName(name)
      const spool = new BodySpool(spoolDeps)
      return {
        write: (bytes) => spool.write(bytes),
        commit: () => createS3(deps, name, { body: spool.finish(), signal }),
        [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
      }
    },
    get: (name, options) => readS3(deps, parseObjectName(name), options),
    stat: (name, signal) => statS3(deps, parseObjectName(name), signal),
    list: (prefix, signal) => listS3(deps, prefix, signal),
    listFolder: (folder, signal) => listS3Folder(deps, folder, signal),
    delete: (name, signal) => deleteS3(deps, parseObjectName(name), signal),
  }
}
