import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { VaultId } from './keys.ts'
import { type SectionPlace, sealSection, unsealSection } from './seal-section.ts'

const vaultId = 'a'.repeat(32) as VaultId
const key = new Uint8Array(32).fill(7)

function aPlace(change: Partial<SectionPlace> = {}): SectionPlace {
  const segment = 'segments/erp/s1/1'
  return { vaultId, segment, part: 'rows', block: 3, section: 4, ...change }
}

test('unsealSection() gives back what sealSection() was given', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(0xffff_ffff), (plaintext, section) => {
      const place = aPlace({ section })
      expect(unsealSection(key, place, sealSection(key, place, plaintext))).toEqual(plaintext)
    }),
  )
})

test('unsealSection() refuses bytes of which one bit differs, wherever it is', () => {
  const sealed = sealSection(key, aPlace(), new Uint8Array(40))
  for (let bit = 0; bit < sealed.byteLength * 8; bit++) {
    const changed = Uint8Array.from(sealed)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => unsealSection(key, aPlace(), changed)).toThrow(
      expect.objectContaining({ code: 'seal.not-authentic' }),
    )
  }
})

test('unsealSection() refuses every truncation', () => {
  const sealed = sealSection(key, aPlace(), new Uint8Array(40))
  for (let size = 0; size < sealed.byteLength; size++) {
    expect(() => unsealSection(key, aPlace(), sealed.subarray(0, size))).toThrow(
      expect.objectContaining({ code: 'seal.not-authentic' }),
    )
  }
})

test.each([
  ['vault', { vaultId: 'b'.repeat(32) as VaultId }],
  ['segment', { segment: 'segments/erp/s1/2' }],
  ['part', { part: 'keys' }],
  ['block', { block: 4 }],
  ['section', { section: 5 }],
] as const)('unsealSection() refuses bytes that belong to another %s', (_, change) => {
  const sealed = sealSection(key, aPlace(), new Uint8Array(40))
  expect(() => unsealSection(key, aPlace(change), sealed)).toThrow(
    expect.objectContaining({ code: 'seal.not-authentic' }),
  )
})

test('unsealSection() refuses another key', () => {
  const sealed = sealSection(key, aPlace(), new Uint8Array(40))
  expect(() => unsealSection(new Uint8Array(32), aPlace(), sealed)).toThrow(
    expect.objectContaining({ code: 'seal.not-authentic' }),
  )
})

test('unsealSection() says that a key was destroyed', () => {
  const sealed = sealSection(key, aPlace(), new Uint8Array(40))
  expect(() => unsealSection(new Uint8Array(0), aPlace(), sealed)).toThrow(
    expect.objectContaining({ code: 'seal.key-destroyed' }),
  )
})

test('sealSection() never gives two sections of a block the same nonce', () => {
  const zeros = new Uint8Array(64)
  const seen = new Set<string>()
  for (let section = 0; section < 500; section++) {
    // Same key, same plaintext: an equal nonce would give equal ciphertext before the tag.
    const sealed = sealSection(key, aPlace({ section }), zeros)
    seen.add(Buffer.from(sealed.subarray(0, 64)).toString('hex'))
  }
  expect(seen.size).toBe(500)
})
