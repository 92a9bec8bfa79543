import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { checkStore, emptyStore } from './check-store.ts'
import { parseObjectName } from './object-name.ts'
import type { ObjectStore } from './object-store.ts'
import { createMemoryStore } from './testing/memory-store.ts'

const { signal } = new AbortController()

/** What does not hold of a store in memory that differs in one way. */
async function failedOf(
  change: (store: ReturnType<typeof createMemoryStore>) => Partial<ObjectStore>,
) {
  const memory = createMemoryStore()
  const store: ObjectStore = { ...memory, ...change(memory) }
  const deps = { clock: systemClock, random: systemRandom }
  const findings = await collect(checkStore(deps, store, signal))
  return findings.filter(({ verdict }) => verdict === 'failed').map(({ property }) => property)
}

test('checkStore() finds a store that writes over what is there', async () => {
  const failed = await failedOf(({ objects }) => ({
    async put(name, bytes) {
      objects.set(name, Uint8Array.from(bytes))
      return 'stored'
    },
  }))
  expect(failed).toEqual(['create only', 'one winner'])
})

test('checkStore() finds a listing that is stale or out of order', async () => {
  expect(await failedOf(() => ({ async *list() {} }))).toEqual(['listing'])
  const backwards = await failedOf((memory) => ({
    async *list(prefix) {
      yield* (await collect(memory.list(prefix, signal))).reverse()
    },
  }))
  expect(backwards).toEqual(['listing'])
})

test('checkStore() finds parts that are ignored and sizes that are wrong', async () => {
  expect(await failedOf((memory) => ({ get: (name) => memory.get(name, { signal }) }))).toEqual([
    'parts',
  ])
  const failed = await failedOf((memory) => ({
    stat: async (name) => {
      const found = await memory.stat(name, signal)
      return found && { ...found, sizeBytes: found.sizeBytes + 1 }
    },
  }))
  expect(failed).toEqual(['whole objects'])
})

test('checkStore() finds what is deleted and stays, and locks that hold nothing', async () => {
  expect(await failedOf(() => ({ delete: async () => {} }))).toEqual(['deleting'])
  const failed = await failedOf((memory) => ({
    lock: { keepMs: 1, unlocked: memory, extendRetention: async () => {} },
  }))
  expect(failed).toEqual(['object lock'])
})

test('checkStore() tries nothing more where nothing can be reached', async () => {
  const memory = createMemoryStore()
  const denied = new AppError('store.denied', 'Cannot list: the store answered 403')
  const failing: AsyncIterable<never> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(denied) }),
  }
  const store: ObjectStore = { ...memory, list: () => failing }
  const deps = { clock: systemClock, random: systemRandom }
  const [first, ...others] = await collect(checkStore(deps, store, signal))
  expect(first).toMatchObject({ verdict: 'failed', found: denied.message })
  expect(new Set(others.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
  expect(memory.objects.size).toBe(0)
})

test('emptyStore() counts what could not be deleted', async () => {
  const memory = createMemoryStore()
  await memory.put(parseObjectName('a'), new Uint8Array(1), signal)
  await memory.put(parseObjectName('b'), new Uint8Array(1), signal)
  const store: ObjectStore = {
    ...memory,
    async delete(name) {
      if (name === 'a') throw new AppError('store.locked', 'Cannot delete: it is locked')
      await memory.delete(name, signal)
    },
  }
  expect(await emptyStore(store, signal)).toBe(1)
  expect([...memory.objects.keys()]).toEqual(['a'])
})
