import { expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { parseObjectName } from '#store/object-name'
import { createMemoryStore } from '#store/testing/memory-store'
import { epochKeyring, nameInEpoch, parseEpochName } from './epoch-keyring.ts'

const { signal } = new AbortController()
const name = parseObjectName('erp/s1/1')
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

/** A keyring of epoch 3 that somebody moves on to `newest` meanwhile. */
function aKeyring(newest = 3) {
  const store = createMemoryStore()
  const keyring = epochKeyring(store, async (_signal, isFresh) => (isFresh ? newest : 3))
  const has = () => [...store.objects.keys()]
  const put = (epoch: number, of = name) =>
    store.objects.set(nameInEpoch(of, epoch), bytesOf(`epoch ${epoch}`))
  const read = async () => Buffer.from(await keyring.get(name, { signal })).toString()
  return { has, keyring, put, read }
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
