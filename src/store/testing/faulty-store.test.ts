import { expect, test } from 'vitest'
import { parseObjectName } from '../object-name.ts'
import { faultOfSeed, faultyStore, ProcessDeath } from './faulty-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { testObjectStore } from './object-store-contract.ts'

const { signal } = new AbortController()
const name = parseObjectName('a')
const bytes = Uint8Array.of(1)

testObjectStore('faulty, before its fault', async () => {
  const memory = createMemoryStore()
  const fault = { at: Number.POSITIVE_INFINITY, kind: 'dies', isApplied: false } as const
  return { ...faultyStore(memory, fault), [Symbol.asyncDispose]: async () => {} }
})

test.each([true, false])('fails once, applied %s, and then goes on', async (isApplied) => {
  const memory = createMemoryStore()
  const store = faultyStore(memory, { at: 1, kind: 'fails', isApplied })
  await expect(store.put(name, bytes, signal)).rejects.toMatchObject({ code: 'store.unavailable' })
  expect(memory.objects.has('a')).toBe(isApplied)
  expect(await store.put(name, bytes, signal)).toBe(isApplied ? 'already-present' : 'stored')
})

test('dies for good', async () => {
  const store = faultyStore(createMemoryStore(), { at: 2, kind: 'dies', isApplied: false })
  await store.put(name, bytes, signal)
  await expect(store.put(parseObjectName('b'), bytes, signal)).rejects.toThrow(ProcessDeath)
  await expect(store.get(name, { signal })).rejects.toThrow(ProcessDeath)
})

test('faultOfSeed() reaches every write and every kind', () => {
  const faults = Array.from({ length: 200 }, (_, seed) => faultOfSeed(seed, 5))
  const seen = new Set(faults.map(({ at, kind, isApplied }) => `${at} ${kind} ${isApplied}`))
  expect(seen.size).toBe(20)
})
