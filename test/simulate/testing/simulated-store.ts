import { collect } from '#stdx/streams'
import { parseObjectName } from '#store/object-name'
import type { ObjectName, ObjectStat, ObjectStore } from '#store/object-store'
import type { MemoryStore } from '#store/testing/memory-store'
import type { Life } from './life.ts'
import type { Network } from './network.ts'

/** Told what really happened in a store, in order. */
export type StoreWatch = {
  /** Asked for, whether it will be done or not. */
  offered(object: StoredObject): void
  stored(object: StoredObject): void
  deleted(object: Omit<StoredObject, 'bytes'>): void
}

export type StoredObject = {
  readonly store: string
  readonly name: ObjectName
  readonly bytes: Uint8Array
}

export type SimulatedStoreDeps = {
  readonly network: Network
  readonly memory: MemoryStore
  /** Names listed at a time. */
  readonly pageMax: number
  readonly watch: StoreWatch
}

/** A store as one process sees it through a network: what it holds is in memory and outlives all. */
export function simulatedStore(deps: SimulatedStoreDeps, life: Life): ObjectStore {
  const { memory, network, pageMax } = deps
  const put = (name: ObjectName, bytes: Uint8Array, signal: AbortSignal) => {
    deps.watch.offered({ store: memory.label, name, bytes })
    return network.carry(life, {
      operation: 'put',
      object: parseObjectName(name),
      signal,
      apply: () => storeNow(deps, name, bytes),
      describe: (result) => result,
    })
  }

  async function* list(prefix: string, signal: AbortSignal) {
    for (let after = ''; ; ) {
      const page: ObjectStat[] = await network.carry(life, {
        operation: 'list',
        object: prefix,
        signal,
        apply: () => pageOf(memory, { prefix, after, max: pageMax }),
        describe: ({ length }) => `${length} names`,
      })
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < pageMax) return
      after = last.name
    }
  }

  return {
    label: memory.label,
    list,
    async put(name, bytes, signal) {
      // What is on its way is not what the caller may change meanwhile.
      return await put(name, Uint8Array.from(bytes), signal)
    },
    async create(name, signal) {
      signal.throwIfAborted()
      parseObjectName(name)
      const pieces: Uint8Array[] = []
      return {
        async write(bytes) {
          pieces.push(Uint8Array.from(bytes))
        },
        commit: () => put(name, Buffer.concat(pieces), signal),
        async [Symbol.asyncDispose]() {},
      }
    },
    get: (name, { range, signal }) =>
      network.carry(life, {
        operation: 'get',
        object: parseObjectName(name),
        signal,
        apply: () => memory.get(name, { ...(range && { range }), signal: NEVER }),
        describe: ({ byteLength }) => (byteLength === 0 ? 'nothing' : 'bytes'),
      }),
    stat: (name, signal) =>
      network.carry(life, {
        operation: 'stat',
        object: parseObjectName(name),
        signal,
        apply: () => memory.stat(name, NEVER),
        describe: (found) => (found === undefined ? 'not there' : 'there'),
      }),
    delete: (name, signal) =>
      network.carry(life, {
        operation: 'delete',
        object: parseObjectName(name),
        signal,
        apply: () => deleteNow(deps, name),
        describe: () => 'gone',
      }),
  }
}

/** What has left cannot be called back. */
const NEVER = new AbortController().signal

async function storeNow(
  { memory, watch }: SimulatedStoreDeps,
  name: ObjectName,
  bytes: Uint8Array,
) {
  const result = await memory.put(name, bytes, NEVER)
  if (result === 'stored') watch.stored({ store: memory.label, name, bytes })
  return result
}

async function deleteNow({ memory, watch }: SimulatedStoreDeps, name: ObjectName): Promise<void> {
  const isThere = memory.objects.has(name)
  await memory.delete(name, NEVER)
  if (isThere) watch.deleted({ store: memory.label, name })
}

async function pageOf(
  memory: MemoryStore,
  { after, max, prefix }: { prefix: string; after: string; max: number },
): Promise<ObjectStat[]> {
  const all = await collect(memory.list(prefix, NEVER))
  return all.filter(({ name }) => name > after).slice(0, max)
}
