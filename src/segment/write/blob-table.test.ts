import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseObjectName } from '#store/object-name'
import type { BlobRef } from '../version-batch.ts'
import { BlobTable } from './blob-table.ts'

function aRef(n: number): BlobRef {
  const hash = createHash('sha256').update(String(n)).digest()
  return {
    hash: new Uint8Array(hash),
    textBytes: 100_000 + n,
    object: parseObjectName(`segments/erp/s/${n % 7}.blobs`),
    keyring: parseObjectName(`erp/s/${n % 7}`),
    commitment: hash.toString('hex'),
    block: n,
    offset: 2 ** 40 + n,
    sizeBytes: 50_000 + n,
  }
}

test('a table gives back every reference as it was put in', () => {
  const table = new BlobTable()
  for (let n = 0; n < 5_000; n++) table.add(aRef(n))
  for (let n = 0; n < 5_000; n++) expect(table.find(aRef(n).hash)).toEqual(aRef(n))
  expect(table.find(aRef(5_000).hash)).toBeUndefined()
})

test('the first reference of a value stays', () => {
  const table = new BlobTable()
  table.add(aRef(1))
  table.add({ ...aRef(1), block: 99 })
  expect(table.find(aRef(1).hash)?.block).toBe(1)
})

test('a full table takes no more and keeps what it has', () => {
  const table = new BlobTable(10)
  for (let n = 0; n < 20; n++) table.add(aRef(n))
  expect(table.find(aRef(9).hash)).toEqual(aRef(9))
  expect(table.find(aRef(10).hash)).toBeUndefined()
})
