import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { parseObjectName } from './object-name.ts'
import type { ObjectStore } from './object-store.ts'
import { probeStore, proveCreateOnly } from './probe-store.ts'
import { createMemoryStore } from './testing/memory-store.ts'

const { signal } = new AbortController()
const refused = { code: 'store.not-conditional' }

test('probeStore() refuses a store that overwrites', async () => {
  const memory = createMemoryStore()
  const store: ObjectStore = {
    ...memory,
    async put(name, bytes) {
      memory.objects.set(name, Uint8Array.from(bytes))
      return 'stored'
    },
  }
  await expect(probeStore(store, systemRandom, { signal })).rejects.toMatchObject(refused)
})

test('probeStore() refuses a store that overwrites and denies it', async () => {
  const memory = createMemoryStore()
  const store: ObjectStore = {
    ...memory,
    async put(name, bytes) {
      const isFirst = !memory.objects.has(name)
      memory.objects.set(name, Uint8Array.from(bytes))
      return isFirst ? 'stored' : 'already-present'
    },
  }
  await expect(probeStore(store, systemRandom, { signal })).rejects.toMatchObject(refused)
})

test('probeStore() refuses a store whose listing is stale', async () => {
  const store: ObjectStore = { ...createMemoryStore(), async *list() {} }
  await expect(probeStore(store, systemRandom, { signal })).rejects.toMatchObject(refused)
})

test('proveCreateOnly() refuses a store that writes over, changing nothing', async () => {
  const memory = createMemoryStore()
  const name = parseObjectName('a')
  await memory.put(name, Uint8Array.of(1), signal)
  await proveCreateOnly(memory, name, signal)
  const store: ObjectStore = {
    ...memory,
    async put(put, bytes) {
      memory.objects.set(put, Uint8Array.from(bytes))
      return 'stored'
    },
  }
  await expect(proveCreateOnly(store, name, signal)).rejects.toMatchObject(refused)
  expect(memory.objects.get(name)).toEqual(Uint8Array.of(1))
})

test('proveCreateOnly() is not misled by an answer that was lost', async () => {
  const memory = createMemoryStore()
  const name = parseObjectName('a')
  await memory.put(name, Uint8Array.of(1), signal)
  let count = 0
  const store: ObjectStore = {
    ...memory,
    put: async (...args) => (count++ === 0 ? 'stored' : await memory.put(...args)),
  }
  await proveCreateOnly(store, name, signal)
})
