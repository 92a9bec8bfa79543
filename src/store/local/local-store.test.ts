import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { parseObjectName } from '../object-name.ts'
import type { ObjectStore } from '../object-store.ts'
import { testObjectStore } from '../testing/object-store-contract.ts'
import { openLocalStore } from './local-store.ts'
import { createLocalRoot } from './local-writer.ts'

const { signal } = new AbortController()
const bytes = new Uint8Array(1)

async function openTemporary(): Promise<ObjectStore & AsyncDisposable & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-store-'))
  return {
    ...openLocalStore({ root, random: systemRandom }),
    root,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

testObjectStore('local', openTemporary)

test('objects are 0600 in folders of 0700', async () => {
  await using store = await openTemporary()
  await store.put(parseObjectName('a/b'), new Uint8Array(1), signal)
  expect((await stat(join(store.root, 'a'))).mode & 0o777).toBe(0o700)
  expect((await stat(join(store.root, 'a/b'))).mode & 0o777).toBe(0o600)
})

test('no temporary file stays, whoever wins', async () => {
  await using store = await openTemporary()
  const name = parseObjectName('a/b')
  await store.put(name, new Uint8Array(1), signal)
  await store.put(name, new Uint8Array(1), signal)
  expect(await readdir(join(store.root, '~tmp'))).toEqual([])
})

test('a folder that is missing makes the store unavailable and is not created', async () => {
  const root = join(tmpdir(), 'holdfast-store-that-is-not-there')
  const store = openLocalStore({ root, random: systemRandom })
  const name = parseObjectName('a/b')
  const unavailable = { code: 'store.unavailable' }
  await expect(store.put(name, new Uint8Array(1), signal)).rejects.toMatchObject(unavailable)
  await expect(store.get(name, { signal })).rejects.toMatchObject(unavailable)
  await expect(store.stat(name, signal)).rejects.toMatchObject(unavailable)
  await expect(collect(store.list('', signal))).rejects.toMatchObject(unavailable)
  await expect(collect(store.list('a/', signal))).rejects.toMatchObject(unavailable)
  await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a file where the folder should be makes the store unavailable', async () => {
  await using store = await openTemporary()
  const root = join(store.root, 'file')
  await writeFile(root, '')
  const other = openLocalStore({ root, random: systemRandom })
  const putting = other.put(parseObjectName('a'), new Uint8Array(1), signal)
  await expect(putting).rejects.toMatchObject({ code: 'store.unavailable' })
})

test.skipIf(process.getuid?.() === 0)('a folder without rights is denied', async () => {
  await using store = await openTemporary()
  await chmod(store.root, 0o500)
  const putting = store.put(parseObjectName('a'), new Uint8Array(1), signal)
  await expect(putting).rejects.toMatchObject({ code: 'store.denied' })
  await chmod(store.root, 0o700)
})

test('listing passes over what is not named like an object', async () => {
  await using store = await openTemporary()
  await store.put(parseObjectName('a'), new Uint8Array(1), signal)
  await writeFile(join(store.root, 'a~'), 'left by an editor')
  expect(await collect(store.list('', signal))).toMatchObject([{ name: 'a', sizeBytes: 1 }])
})

test('folders go with the last object in them, and those that a dead writer left', async () => {
  await using store = await openTemporary()
  const name = (text: string) => parseObjectName(text)
  for (const one of ['a/b/1/x', 'a/b/2/x', 'a/b/z']) await store.put(name(one), bytes, signal)
  await mkdir(join(store.root, 'a/b/dead'))
  await store.delete(name('a/b/1/x'), signal)
  expect((await readdir(join(store.root, 'a/b'))).sort()).toEqual(['2', 'z'])
  await store.delete(name('a/b/z'), signal)
  expect(await readdir(join(store.root, 'a/b'))).toEqual(['2'])
  await store.delete(name('a/b/2/x'), signal)
  expect((await readdir(store.root)).filter((one) => one !== '~tmp')).toEqual([])
  expect(await store.put(name('a/b/1/x'), bytes, signal)).toBe('stored')
})

test('writers and deleters of the same folders do not disturb each other', async () => {
  await using store = await openTemporary()
  const other = openLocalStore({ root: store.root, random: systemRandom })
  const churn = async (one: ObjectStore, who: string) => {
    for (let i = 0; i < 150; i++) {
      const name = parseObjectName(`a/b/c/${who}-${i}`)
      expect(await one.put(name, bytes, signal)).toBe('stored')
      await one.delete(name, signal)
    }
  }
  await Promise.all([churn(store, 'this'), churn(other, 'other'), churn(other, 'third')])
})

test('createLocalRoot() makes every missing folder, and again', async () => {
  await using store = await openTemporary()
  const root = join(store.root, 'x/y/z')
  await createLocalRoot(root)
  await createLocalRoot(root)
  expect((await stat(root)).mode & 0o777).toBe(0o700)
})
