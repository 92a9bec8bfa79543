import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { parseObjectName } from '../object-name.ts'
import type { GetOptions, ObjectName, ObjectStat, ObjectStore, PutResult } from '../object-store.ts'

/**
 * A store in memory whose objects a test may look at and tamper with.
 * @param nowMs the store's own clock
 */
export type MemoryStore = ObjectStore &
  AsyncDisposable & { readonly objects: Map<string, Uint8Array<ArrayBuffer>> }

export function createMemoryStore(label = 'memory', nowMs = () => 0): MemoryStore {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>()
  const modified = new Map<string, number>()

  function putNow(name: ObjectName, bytes: Uint8Array): PutResult {
    if (objects.has(parseObjectName(name))) return 'already-present'
    objects.set(name, Uint8Array.from(bytes))
    modified.set(name, nowMs())
    return 'stored'
  }

  function statNow(name: ObjectName, { byteLength }: Uint8Array): ObjectStat {
    return { name, sizeBytes: byteLength, modifiedMs: modified.get(name) ?? 0 }
  }

  return {
    label,
    objects,
    async put(name, bytes, signal) {
      signal.throwIfAborted()
      return putNow(name, bytes)
    },
    async create(name, signal) {
      signal.throwIfAborted()
      parseObjectName(name)
      const pieces: Uint8Array[] = []
      return {
        async write(bytes) {
          pieces.push(Uint8Array.from(bytes))
        },
        commit: async () => putNow(name, Buffer.concat(pieces)),
        async [Symbol.asyncDispose]() {},
      }
    },
    async get(name, options) {
      options.signal.throwIfAborted()
      return readPart(objects.get(parseObjectName(name)), name, options)
    },
    async stat(name, signal) {
      signal.throwIfAborted()
      const bytes = objects.get(parseObjectName(name))
      return bytes && statNow(name, bytes)
    },
    async *list(prefix, signal) {
      assert(prefix === '' || prefix.endsWith('/'), 'A listing begins at a folder.')
      signal.throwIfAborted()
      for (const name of [...objects.keys()].sort()) {
        const bytes = objects.get(name)
        if (!name.startsWith(prefix) || bytes === undefined) continue
        yield statNow(parseObjectName(name), bytes)
      }
    },
    async delete(name, signal) {
      signal.throwIfAborted()
      objects.delete(parseObjectName(name))
    },
    async [Symbol.asyncDispose]() {},
  }
}

function readPart(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  name: ObjectName,
  { range }: GetOptions,
): Uint8Array<ArrayBuffer> {
  if (bytes === undefined) {
    throw new AppError('store.not-found', `Cannot read object "${name}": it is not there`, { name })
  }
  const { offset, length } = range ?? { offset: 0, length: bytes.byteLength }
  if (offset + length > bytes.byteLength) {
    const message = `Cannot read object "${name}": it ends at byte ${bytes.byteLength}, need ${offset + length}`
    throw new AppError('store.short-read', message, { name })
  }
  return bytes.slice(offset, offset + length)
}
