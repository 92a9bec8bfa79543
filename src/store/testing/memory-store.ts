import { AppError } from '#stdx/app-error'
import { parseObjectName } from '../object-name.ts'
import type { GetOptions, ObjectName, ObjectStore, PutResult } from '../object-store.ts'

/** A store in memory whose objects a test may look at and tamper with. */
export type MemoryStore = ObjectStore &
  AsyncDisposable & { readonly objects: Map<string, Uint8Array<ArrayBuffer>> }

export function createMemoryStore(label = 'memory'): MemoryStore {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>()

  function putNow(name: ObjectName, bytes: Uint8Array): PutResult {
    if (objects.has(parseObjectName(name))) return 'already-present'
    objects.set(name, Uint8Array.from(bytes))
    return 'stored'
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
      return bytes === undefined ? undefined : { name, sizeBytes: bytes.byteLength }
    },
    async *list(prefix, signal) {
      signal.throwIfAborted()
      for (const name of [...objects.keys()].sort()) {
        const bytes = objects.get(name)
        if (!name.startsWith(prefix) || bytes === undefined) continue
        yield { name: parseObjectName(name), sizeBytes: bytes.byteLength }
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
