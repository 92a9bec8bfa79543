import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SegmentKeys } from './data-keys.ts'
import { commitToKeys, openKeyring, sealKeyring } from './keyring.ts'
import type { VaultId } from './keys.ts'
import { publicKeyOf } from './sealing-pair.ts'

const vaultId = 'a'.repeat(32) as VaultId
const name = 'keyring/erp/s1/1'
const read = new Uint8Array(32).fill(11)
const capture = new Uint8Array(32).fill(22)
const recipients = { read: [publicKeyOf(read)], capture: [publicKeyOf(capture)] }
const aKey = (n: number) => new Uint8Array(32).fill(n)
const keys: SegmentKeys = { keys: [aKey(1)], rows: [aKey(2), aKey(3)], blobs: [] }

test('the read key opens every part, whatever the number of blocks', async () => {
  const dataKeys = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(dataKeys, dataKeys, dataKeys, async (inKeys, inRows, inBlobs) => {
      // A data key is random; one of zeros alone does not occur.
      const written = { keys: inKeys, rows: inRows, blobs: inBlobs }
      const bytes = await sealKeyring({ vaultId, name, keys: written, recipients })
      expect(await openKeyring({ vaultId, name, bytes, openers: { read } })).toEqual(written)
    }),
    { numRuns: 20 },
  )
})

test('the capture key opens the keys of `keys` and of nothing else', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  const opened = await openKeyring({ vaultId, name, bytes, openers: { capture } })
  expect(opened).toEqual({ keys: keys.keys, blobs: [] })
})

test('a key that is no recipient opens nothing', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  const openers = { read: aKey(77), capture: aKey(78) }
  expect(await openKeyring({ vaultId, name, bytes, openers })).toEqual({ blobs: [] })
})

test('each of several recipients opens, and so does a key that was rotated', async () => {
  const others = [aKey(33), aKey(44)]
  const both = { ...recipients, read: others.map(publicKeyOf) }
  const bytes = await sealKeyring({ vaultId, name, keys, recipients: both })
  for (const other of others) {
    expect(await openKeyring({ vaultId, name, bytes, openers: { read: other } })).toEqual(keys)
    const openers = { read, past: [other] }
    expect(await openKeyring({ vaultId, name, bytes, openers })).toEqual(keys)
  }
  expect(await openKeyring({ vaultId, name, bytes, openers: { read } })).toEqual({ blobs: [] })
})

test('a destroyed key stays destroyed when it is sealed anew', async () => {
  const written = { ...keys, rows: [new Uint8Array(0), aKey(3)] }
  const bytes = await sealKeyring({ vaultId, name, keys: written, recipients })
  expect(await openKeyring({ vaultId, name, bytes, openers: { read } })).toEqual(written)
})

test('one destroyed record destroys that block key alone', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  const rowsAt = 7 + 6 + 2 * 88 + 48
  bytes.fill(0, rowsAt + 6 + 88, rowsAt + 6 + 88 + 48)
  const opened = await openKeyring({ vaultId, name, bytes, openers: { read } })
  expect(opened).toEqual({ ...keys, rows: [new Uint8Array(0), aKey(3)] })
})

test('openKeyring() never gives a wrong key when one byte differs', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x41
    const opened = await openKeyring({ vaultId, name, bytes: changed, openers: { read } }).catch(
      (error: { code: string }) => error.code,
    )
    if (typeof opened === 'string') {
      expect(['seal.not-authentic', 'seal.format-unsupported']).toContain(opened)
      continue
    }
    // What is left: the byte belongs to the other recipient, or the part opens no more.
    for (const part of ['keys', 'rows', 'blobs'] as const) {
      expect(opened[part] ?? keys[part]).toEqual(keys[part])
    }
  }
})

test('openKeyring() refuses every truncation and every addition', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  for (let size = 0; size < bytes.byteLength; size++) {
    const opening = openKeyring({
      vaultId,
      name,
      bytes: bytes.subarray(0, size),
      openers: { read },
    })
    await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
  }
  const longer = Uint8Array.from([...bytes, 0])
  await expect(openKeyring({ vaultId, name, bytes: longer, openers: { read } })).rejects.toThrow(
    'bytes follow',
  )
})

test('openKeyring() refuses an object of another name or another vault', async () => {
  const bytes = await sealKeyring({ vaultId, name, keys, recipients })
  const otherName = openKeyring({ vaultId, name: 'keyring/erp/s1/2', bytes, openers: { read } })
  await expect(otherName).rejects.toMatchObject({ code: 'seal.not-authentic' })
  const otherVault = 'b'.repeat(32) as VaultId
  const opening = openKeyring({ vaultId: otherVault, name, bytes, openers: { read } })
  await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
})

test('commitToKeys() tells names, orders and keys apart', () => {
  const commitments = new Set([
    commitToKeys('a', [aKey(1), aKey(2)]),
    commitToKeys('a', [aKey(2), aKey(1)]),
    commitToKeys('b', [aKey(1), aKey(2)]),
    commitToKeys('a', [aKey(1)]),
    commitToKeys('a', []),
    commitToKeys('a', [new Uint8Array(0)]),
  ])
  expect(commitments.size).toBe(6)
  expect(commitToKeys('a', [aKey(1)])).toMatch(/^[0-9a-f]{64}$/)
})
