import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import type { VaultId } from './keys.ts'
import { openSlot, SLOT_COST, sealSlot } from './slot.ts'

const vaultId = 'a'.repeat(32) as VaultId
const name = 'slots/1.json'
const passphrase = new Secret('correct horse')
const cost = { memoryKib: 64, passes: 1, lanes: 1 }
const aSlot = () => sealSlot(systemRandom, { vaultId, passphrase, plaintext: 'keys', cost })

test('openSlot() gives what sealSlot() was given', async () => {
  expect(await openSlot({ vaultId, name, text: await aSlot(), passphrase })).toBe('keys')
})

test('openSlot() takes a passphrase however its accents are composed', async () => {
  const plaintext = 'keys'
  const typed = new Secret('Zu\u0308rich')
  const text = await sealSlot(systemRandom, { vaultId, passphrase: typed, plaintext, cost })
  expect(await openSlot({ vaultId, name, text, passphrase: new Secret('Z\u00fcrich') })).toBe(
    'keys',
  )
})

test('openSlot() refuses a wrong passphrase', async () => {
  const opening = openSlot({ vaultId, name, text: await aSlot(), passphrase: new Secret('wrong') })
  await expect(opening).rejects.toMatchObject({ code: 'seal.passphrase-wrong' })
})

test('openSlot() refuses the slot of another vault', async () => {
  const other = 'b'.repeat(32) as VaultId
  const opening = openSlot({ vaultId: other, name, text: await aSlot(), passphrase })
  await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
})

test('openSlot() refuses costs beyond its bounds before it pays them', async () => {
  const slot = JSON.parse(await aSlot())
  for (const kdf of [{ memoryKib: 2 ** 31 }, { passes: 1e9 }, { lanes: 255 }]) {
    const text = JSON.stringify({ ...slot, kdf: { ...slot.kdf, ...kdf } })
    const opening = openSlot({ vaultId, name, text, passphrase })
    await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
  }
})

test('openSlot() says of a slot of which one byte differs that it is damaged', async () => {
  const bytes = Buffer.from(await aSlot())
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    const opening = openSlot({ vaultId, name, text: changed.toString('latin1'), passphrase })
    await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
  }
})

test('a slot costs 19 MiB and two passes unless told otherwise', async () => {
  const text = await sealSlot(systemRandom, { vaultId, passphrase, plaintext: 'keys' })
  expect(JSON.parse(text).kdf).toMatchObject({ name: 'argon2id', ...SLOT_COST })
  expect(SLOT_COST).toEqual({ memoryKib: 19 * 1024, passes: 2, lanes: 1 })
  expect(await openSlot({ vaultId, name, text, passphrase })).toBe('keys')
})
