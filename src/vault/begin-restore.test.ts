import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { collect } from '#stdx/streams'
import { crosswalkOf, documentsOf, preImagesOf } from '#timeline/fold-facts'
import { checkVault } from './check-vault.ts'
import { PART_BYTES, type RestoreToBegin } from './document-log.ts'
import { neededBy } from './needed-objects.ts'
import { aVault, signal } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const orders = 'main.orders' as EntityName

function begin(...pieces: readonly Uint8Array[]): RestoreToBegin {
  const counts = { isNew: false, insert: 0, update: 1, delete: 0 }
  return {
    restore: 'a1b2',
    plan: 'p',
    request: 'r',
    point: 'erp@1',
    target: 'staging',
    identity: { system: 'here', database: 'erp' },
    entities: [
      {
        entity: orders,
        ...counts,
        async *read() {
          yield* pieces
        },
      },
    ],
  }
}

async function readAll(vault: Vault): Promise<{ readonly parts: number; readonly bytes: Buffer }> {
  const [fact] = (await vault.readRestores(signal)).begun
  const parts = fact === undefined ? [] : documentsOf(fact.body)
  const pieces: Uint8Array[] = []
  for await (const piece of vault.readPreImage(parts, signal)) pieces.push(piece)
  return { parts: parts.length, bytes: Buffer.concat(pieces) }
}

test('what a restore is about to change is sealed in parts and reads back as it was', async () => {
  const { openAs, vault } = await aVault()
  const pieces = [PART_BYTES - 3, 10, 2 * PART_BYTES].map((size, i) => Buffer.alloc(size, 65 + i))
  const restoring = await openAs('restore')
  await restoring.beginRestore(begin(...pieces), signal)
  const read = await readAll(vault)
  expect(read.parts).toBe(4)
  expect(read.bytes.equals(Buffer.concat(pieces))).toBe(true)
  const [fact] = (await restoring.readRestores(signal)).begun
  expect(fact?.body).toMatchObject({ restore: 'a1b2', target: 'staging', plan: 'p', request: 'r' })
  expect((await neededBy(vault, '_vault', signal)).objects).toHaveLength(4)
})

test('a crosswalk is sealed behind the pre-images, and is no pre-image', async () => {
  const { openAs, vault } = await aVault()
  const bytes = Buffer.alloc(PART_BYTES + 1, 66)
  const crosswalk = {
    ...{ lines: 2, written: ['a'], gone: [] },
    async *read() {
      yield bytes
    },
  }
  const given = { ...begin(Buffer.from('text')), crosswalk }
  await (await openAs('restore')).beginRestore(given, signal)
  const [fact] = (await vault.readRestores(signal)).begun
  if (fact === undefined) throw new Error('It began.')
  expect(fact.body.crosswalk).toMatchObject({ lines: 2, written: ['a'], gone: [] })
  expect(preImagesOf(fact.body).flat()).toHaveLength(1)
  expect(documentsOf(fact.body).map(({ document }) => document)).toEqual(
    [0, 1, 2].map((index) => `restore/a1b2/${index}`),
  )
  const pieces = await collect(vault.readPreImage(crosswalkOf(fact.body), signal))
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  expect((await neededBy(vault, '_vault', signal)).objects).toHaveLength(3)
})

test('a restore may begin with nothing to change, and its parts are no documents', async () => {
  const { openAs, vault } = await aVault()
  await (await openAs('restore')).beginRestore(begin(), signal)
  expect(await readAll(vault)).toMatchObject({ parts: 0 })
  expect(await vault.readDocument('restore/a1b2/0', signal)).toBeUndefined()
})

test('who may read rows may read a pre-image, and who may restore may write it', async () => {
  const { openAs } = await aVault()
  const bytes = Buffer.from('text')
  await (await openAs('restore')).beginRestore(begin(bytes), signal)
  for (const role of ['restore', 'keeper'] as const) {
    expect((await readAll(await openAs(role))).bytes.toString()).toBe('text')
  }
  const custodian = await openAs('custodian')
  await expect(readAll(custodian)).rejects.toMatchObject({ code: 'vault.role-missing' })
  const forged = custodian.beginRestore(begin(bytes), signal)
  await expect(forged).rejects.toMatchObject({ code: 'vault.role-missing' })
})

test('check finds a part that is missing or altered', async () => {
  const { openAs, store, vault } = await aVault()
  await vault.addSource('erp', signal)
  await (await openAs('restore')).beginRestore(begin(Buffer.from('text')), signal)
  const [name = ''] = [...store.objects.keys()].filter((one) => one.endsWith('.document'))
  const check = async () =>
    (await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })).problems
  expect(await check()).toEqual([])
  const bytes = store.objects.get(name) ?? new Uint8Array()
  bytes[0] = (bytes[0] ?? 0) ^ 1
  expect(await check()).toMatchObject([{ object: name }])
  await expect(readAll(vault)).rejects.toMatchObject({ code: 'vault.document-damaged' })
  store.objects.delete(name)
  expect(await check()).toMatchObject([{ object: name }])
})
