import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import type { ObjectStore } from './object-store.ts'
import { probeStore } from './probe-store.ts'
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
