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
  /** `left`: what the store still holds. */
  deleted(object: Omit<StoredObject, 'bytes'>, left: ReadonlyMap<string, unknown>): void
}

export type StoredObject = {
  readonly store: string
  readonly name: ObjectName
  readonly bytes: Uint8Array
}

/** What was in a store when: listings may show the past. */
export type Past = { readonly was: ObjectStat; readonly fromMs: number; untilMs: number }[]

export type SimulatedStoreDeps = {
  readonly network: Network
  readonly memory: MemoryStore
  /** Names listed at a time. */
  readonly pageMax: number
  readonly watch: StoreWatch
  readonly past: Past
  readonly nowMs: () => number
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
    const ageMs = network.staleMs(life)
    for (let after = ''; ; ) {
      const page: ObjectStat[] = await network.carry(life, {
        operation: 'list',
        object: prefix,
        signal,
        apply: () => pageOf(deps, { prefix, after, ageMs }),
        describe: ({ length }) => `${length} names${ageMs > 0 ? `, of ${ageMs} ms ago` : ''}`,
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

async function storeNow(deps: SimulatedStoreDeps, name: ObjectName, bytes: Uint8Array) {
  const { memory, nowMs, past, watch } = deps
  const result = await memory.put(name, bytes, NEVER)
  if (result === 'stored') {
    const was = await memory.stat(name, NEVER)
    if (was !== undefined) past.push({ was, fromMs: nowMs(), untilMs: Number.POSITIVE_INFINITY })
    watch.stored({ store: memory.label, name, bytes })
  }
  return result
}

async function deleteNow(deps: SimulatedStoreDeps, name: ObjectName): Promise<void> {
  const { memory, nowMs, past, watch } = deps
  const isThere = memory.objects.has(name)
  await memory.delete(name, NEVER)
  if (!isThere) return
  const newest = past.findLast(({ was }) => was.name === name)
  if (newest !== undefined) newest.untilMs = nowMs()
  watch.deleted({ store: memory.label, name }, memory.objects)
}

async function pageOf(
  { memory, nowMs, pageMax, past }: SimulatedStoreDeps,
  { after, ageMs, prefix }: { prefix: string; after: string; ageMs: number },
): Promise<ObjectStat[]> {
  const thenMs = nowMs() - ageMs
  const all =
    ageMs === 0
      ? await collect(memory.list(prefix, NEVER))
      : past
          .filter(({ fromMs, untilMs }) => fromMs <= thenMs && thenMs < untilMs)
          .map(({ was }) => was)
          .filter(({ name }) => name.startsWith(prefix))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
  return all.filter(({ name }) => name > after).slice(0, pageMax)
}
