import { type AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import { parseObjectName } from './object-name.ts'
import type { ObjectStat, ObjectStore } from './object-store.ts'

/** Whether a store keeps one of the promises that a vault rests on. */
export type StoreFinding = {
  readonly property: string
  readonly verdict: 'ok' | 'failed' | 'skipped'
  /** What keeping it gives, or losing it takes. */
  readonly means: string
  /** Empty when ok. */
  readonly found: string
}

export type CheckStoreDeps = { readonly clock: Clock; readonly random: Random }

type Trial = CheckStoreDeps & { readonly store: ObjectStore; readonly signal: AbortSignal }

type Property = {
  readonly property: string
  readonly means: string
  /** Says what is wrong; failures of the store are caught and told. */
  prove(trial: Trial): Promise<string | undefined>
}

const WRITERS = 8
const LARGE_PIECES = 20
const PIECE_BYTES = 1_000_000
/** How long an object stays locked: time enough for a slow store to refuse. */
const LOCK_MS = 8000

const PROPERTIES: readonly Property[] = [
  {
    property: 'reachable',
    means: 'The store answers, and these credentials may list it.',
    async prove({ signal, store }) {
      const listed = await listAll(store, signal)
      return listed.length === 0 ? undefined : `found ${listed.length} objects where none should be`
    },
  },
  {
    property: 'whole objects',
    means: 'What is stored is read back byte for byte, with its size.',
    async prove({ random, signal, store }) {
      for (const [index, size] of [0, 1, 70_000].entries()) {
        const name = parseObjectName(`whole/${index}`)
        const bytes = random.bytes(size)
        const result = await store.put(name, bytes, signal)
        if (result !== 'stored') return 'a new name was said to be taken'
        if (!isSame(await store.get(name, { signal }), bytes)) return 'other bytes came back'
        const stat = await store.stat(name, signal)
        if (stat?.sizeBytes !== size) return `the size was said to be ${stat?.sizeBytes}`
      }
      return undefined
    },
  },
  {
    property: 'parts',
    means: 'Any part of an object can be read, and one beyond its end is refused.',
    async prove({ random, signal, store }) {
      const name = parseObjectName('parts')
      const bytes = random.bytes(10_000)
      await store.put(name, bytes, signal)
      for (const range of [
        { offset: 0, length: 1 },
        { offset: 4321, length: 5000 },
        { offset: 9999, length: 1 },
        { offset: 10_000, length: 0 },
      ]) {
        const part = await store.get(name, { signal, range })
        const wanted = bytes.subarray(range.offset, range.offset + range.length)
        if (!isSame(part, wanted)) return 'a part held other bytes'
      }
      const beyond = await codeOf(store.get(name, { signal, range: { offset: 9999, length: 2 } }))
      return beyond === 'store.short-read' ? undefined : 'a part beyond the end was given'
    },
  },
  {
    property: 'large object',
    means: 'An object of 20 MB that comes in pieces appears whole, and only at its commit.',
    async prove({ signal, store }) {
      const name = parseObjectName('large')
      await using writer = await store.create(name, signal)
      for (let i = 0; i < LARGE_PIECES; i++) {
        await writer.write(new Uint8Array(PIECE_BYTES).fill(i))
      }
      if ((await store.stat(name, signal)) !== undefined) return 'it was there before its commit'
      await writer.commit()
      const bytes = await store.get(name, { signal })
      const isWhole = bytes.byteLength === LARGE_PIECES * PIECE_BYTES
      return isWhole && bytes.at(-1) === LARGE_PIECES - 1 ? undefined : 'other bytes came back'
    },
  },
  {
    property: 'create only',
    means: 'A name that is taken is not written over: no point can be replaced by another.',
    async prove({ signal, store }) {
      const name = parseObjectName('once')
      await store.put(name, Uint8Array.of(1), signal)
      const result = await store.put(name, Uint8Array.of(2), signal)
      if (result === 'stored') return 'a second writer was told that it had stored'
      const isFirst = isSame(await store.get(name, { signal }), Uint8Array.of(1))
      return isFirst ? undefined : 'the first object was replaced'
    },
  },
  {
    property: 'one winner',
    means: 'Of writers of one name at once exactly one wins: no two runs commit the same point.',
    async prove({ signal, store }) {
      const name = parseObjectName('race')
      const contents = Array.from({ length: WRITERS }, (_, i) => new Uint8Array(20_000).fill(i))
      const results = await Promise.all(contents.map((bytes) => store.put(name, bytes, signal)))
      const winners = contents.filter((_, i) => results[i] === 'stored')
      const [winner] = winners
      if (winner === undefined || winners.length > 1) return `${winners.length} of ${WRITERS} won`
      const isWinner = isSame(await store.get(name, { signal }), winner)
      return isWinner ? undefined : 'what is there is not what the winner stored'
    },
  },
  {
    property: 'listing',
    means: 'A listing shows at once what is there, in the order of names, with sizes.',
    async prove({ signal, store }) {
      const names = ['b', 'a/2', 'a.x', 'a-1', 'Z'].map((name) => parseObjectName(`list/${name}`))
      for (const name of names) await store.put(name, new Uint8Array(name.length), signal)
      const listed = (await listAll(store, signal)).filter(({ name }) => name.startsWith('list/'))
      const isInOrder = listed.map(({ name }) => name).join() === [...names].sort().join()
      if (!isInOrder) return `found ${listed.map(({ name }) => name).join(', ') || 'nothing'}`
      const isSized = listed.every(({ name, sizeBytes }) => sizeBytes === name.length)
      return isSized ? undefined : 'a size is wrong'
    },
  },
  {
    property: 'absence',
    means: 'What is not there is told from what cannot be read.',
    async prove({ signal, store }) {
      const name = parseObjectName('nothing/here')
      if ((await store.stat(name, signal)) !== undefined) return 'it was said to be there'
      const code = await codeOf(store.get(name, { signal }))
      return code === 'store.not-found' ? undefined : `reading it gave ${code ?? 'bytes'}`
    },
  },
  {
    property: 'deleting',
    means: 'What is deleted is gone at once, and deleting it again is no failure.',
    async prove({ signal, store }) {
      const tried = store.lock?.unlocked ?? store
      const name = parseObjectName('deleted')
      await tried.put(name, Uint8Array.of(1), signal)
      await tried.delete(name, signal)
      await tried.delete(name, signal)
      return (await tried.stat(name, signal)) === undefined ? undefined : 'it was still there'
    },
  },
  {
    property: 'object lock',
    means: 'Nobody deletes a locked object before its time, and the time can be lengthened.',
    async prove({ clock, signal, store: { lock } }) {
      if (lock === undefined) return undefined
      const { unlocked } = lock
      const name = parseObjectName('locked')
      await unlocked.put(name, Uint8Array.of(1), signal)
      const storedMs = (await unlocked.stat(name, signal))?.modifiedMs ?? clock.nowMs()
      await lock.extendRetention(name, storedMs + LOCK_MS / 2, signal)
      await lock.extendRetention(name, storedMs + LOCK_MS, signal)
      const code = await codeOf(unlocked.delete(name, signal))
      if (code !== 'store.locked') return 'a locked object was deleted'
      await clock.sleep(LOCK_MS + 2000, signal)
      await unlocked.delete(name, signal)
      return undefined
    },
  },
]

/**
 * Puts an empty store to everything that the contract asks of one, and says of each property
 * whether it holds. A failure is a finding. Leaves its objects for `emptyStore`.
 */
export async function* checkStore(
  deps: CheckStoreDeps,
  store: ObjectStore,
  signal: AbortSignal,
): AsyncGenerator<StoreFinding, void, undefined> {
  let isReachable = true
  for (const { means, property, prove } of PROPERTIES) {
    const finding = { property, means }
    if (!isReachable) yield { ...finding, verdict: 'skipped', found: 'the store is not reachable' }
    else if (property === 'object lock' && store.lock === undefined) {
      yield { ...finding, verdict: 'skipped', found: 'no lock is set' }
    } else {
      const found = await proving(prove({ ...deps, store, signal }), signal)
      yield { ...finding, verdict: found === undefined ? 'ok' : 'failed', found: found ?? '' }
      if (property === 'reachable' && found !== undefined) isReachable = false
    }
  }
}

/** Deletes every object of a store, and gives back how many could not be. */
export async function emptyStore(store: ObjectStore, signal: AbortSignal): Promise<number> {
  let left = 0
  for (const { name } of await listAll(store, signal)) {
    const code = await codeOf(store.delete(name, signal))
    if (code !== undefined) left += 1
  }
  return left
}

async function proving(
  proof: Promise<string | undefined>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await proof
  } catch (error) {
    signal.throwIfAborted()
    if (!isAppError(error)) throw error
    return error.message
  }
}

/** The code of the failure; `undefined` when there was none. */
async function codeOf(call: Promise<unknown>): Promise<AppError['code'] | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
}

async function listAll(store: ObjectStore, signal: AbortSignal): Promise<ObjectStat[]> {
  const listed: ObjectStat[] = []
  for await (const one of store.list('', signal)) listed.push(one)
  return listed
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
