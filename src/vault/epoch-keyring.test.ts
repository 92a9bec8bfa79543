import { expect, test } from 'vitest'
import type { StoredBytes } from '#segment/segment'
import { collect } from '#stdx/streams'
import { parseObjectName } from '#store/object-name'
import { createMemoryStore } from '#store/testing/memory-store'
import { epochKeyring, nameInEpoch, parseEpochName } from './epoch-keyring.ts'
import { storedBytesOf } from './keyring-list.ts'

const { signal } = new AbortController()
const name = parseObjectName('erp/s1/1')
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

/** A keyring of epoch 3 that somebody moves on to `newest` meanwhile. */
function aKeyring(newest = 3) {
  const store = createMemoryStore()
  const anew = new Map<string, StoredBytes>()
  const keyring = epochKeyring(store, {
    readEpoch: async (_signal, isFresh) => (isFresh ? newest : 3),
    readAnew: async () => anew,
  })
  const has = () => [...store.objects.keys()]
  const put = (epoch: number, of = name) =>
    store.objects.set(nameInEpoch(of, epoch), bytesOf(`epoch ${epoch}`))
  const read = async () => Buffer.from(await keyring.get(name, { signal })).toString()
  const wordOf = (epoch: number) => storedBytesOf(bytesOf(`epoch ${epoch}`))
  /** As who reads an entry, which says what epoch `first` was, or nothing of its bytes. */
  const readStated = async (first: number | undefined, of = name) => {
    const stated = { name: of, ...(first !== undefined && { bytes: wordOf(first) }) }
    return Buffer.from(await keyring.get(name, { signal, stated })).toString()
  }
  return { anew, has, keyring, put, read, readStated, store, wordOf }
}

test('what is new lies under the newest epoch, and is called as entries call it', async () => {
  const { has, keyring, read } = aKeyring()
  await keyring.put(name, bytesOf('x'), signal)
  expect(has()).toEqual(['erp/s1/1.3'])
  expect(await read()).toBe('x')
  expect(await keyring.stat(name, signal)).toMatchObject({ name, sizeBytes: 1 })
})

test('the newest of what is there is read, down to the first epoch', async () => {
  const { keyring, put, read } = aKeyring()
  put(1)
  expect(await read()).toBe('epoch 1')
  put(2)
  expect(await read()).toBe('epoch 2')
  expect(await keyring.stat(parseObjectName('erp/s1/2'), signal)).toBeUndefined()
})

test('an object that was sealed anew for an epoch not known yet is found', async () => {
  const { keyring, put, read } = aKeyring(4)
  put(4)
  expect(await read()).toBe('epoch 4')
  expect(await keyring.stat(name, signal)).toMatchObject({ name })
})

test('an object of a later epoch than the log speaks of is found where it lies', async () => {
  const { keyring, put, read } = aKeyring()
  put(12)
  put(9, parseObjectName('erp/s1/10'))
  expect(await read()).toBe('epoch 12')
  expect(await keyring.stat(name, signal)).toMatchObject({ name })
})

test('of several the one is read that its entry states, whatever lies above and below', async () => {
  const { put, readStated } = aKeyring()
  for (const epoch of [1, 2, 3]) put(epoch)
  for (const epoch of [1, 2, 3]) expect(await readStated(epoch)).toBe(`epoch ${epoch}`)
})

test('what was sealed anew is read once the log says it, and what it says of the copied object', async () => {
  const { anew, put, readStated, wordOf } = aKeyring()
  for (const epoch of [1, 2, 3]) put(epoch)
  anew.set(name, wordOf(2))
  expect(await readStated(7)).toBe('epoch 2')
  anew.clear()
  const original = parseObjectName('erp/s0/7')
  anew.set(original, wordOf(2))
  expect(await readStated(7, original)).toBe('epoch 2')
})

test('without a word on its bytes it is the oldest, which was there before', async () => {
  const { anew, put, readStated, wordOf } = aKeyring()
  for (const epoch of [2, 3]) put(epoch)
  expect(await readStated(undefined)).toBe('epoch 2')
  anew.set(name, wordOf(3))
  expect(await readStated(undefined)).toBe('epoch 3')
})

test('what is stated is found where the log knew of no such epoch, and what is damaged is given', async () => {
  const { put, readStated, store } = aKeyring(4)
  put(3)
  put(4)
  put(9)
  expect(await readStated(4)).toBe('epoch 4')
  expect(await readStated(9)).toBe('epoch 9')
  expect(await readStated(7)).toBe('epoch 3')
  store.objects.clear()
  await expect(readStated(7)).rejects.toMatchObject({ code: 'store.not-found' })
})

test('only folders are listed, and none while what is stated is there', async () => {
  const listed: string[] = []
  const store = createMemoryStore()
  const list = (prefix: string, under: AbortSignal) => {
    listed.push(prefix)
    return store.list(prefix, under)
  }
  const log = { readEpoch: async () => 3, readAnew: async () => new Map() }
  const keyring = epochKeyring({ ...store, list }, log)
  store.objects.set(name, bytesOf('right'))
  store.objects.set(`${name}.3`, bytesOf('of a thief'))
  const stated = { name, bytes: storedBytesOf(bytesOf('right')) }
  expect(Buffer.from(await keyring.get(name, { signal, stated })).toString()).toBe('right')
  expect(listed).toEqual([])
  expect(await keyring.stat(parseObjectName('erp/s1/2'), signal)).toBeUndefined()
  expect(listed).toEqual(['erp/s1/'])
})

test('a list names each object once, and deleting takes every epoch of it', async () => {
  const { has, keyring, put } = aKeyring()
  const other = parseObjectName('erp/s1/10')
  for (const epoch of [1, 2, 3]) put(epoch)
  put(3, other)
  const listed = await collect(keyring.list('', signal))
  expect(listed.map((one) => one.name)).toEqual([name, other])
  await keyring.delete(name, signal)
  expect(has()).toEqual(['erp/s1/10.3'])
})

test('slots are of no epoch', async () => {
  const { has, keyring } = aKeyring()
  const slot = parseObjectName('slots/0123456789abcdef.json')
  await keyring.put(slot, bytesOf('x'), signal)
  expect(has()).toEqual([slot])
  expect(await keyring.get(slot, { signal })).toEqual(bytesOf('x'))
})

test('parseEpochName() is the inverse of nameInEpoch()', () => {
  for (const epoch of [1, 2, 17]) {
    expect(parseEpochName(nameInEpoch(name, epoch))).toEqual({ name, epoch })
  }
})
