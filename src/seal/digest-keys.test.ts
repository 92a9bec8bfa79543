import { expect, test } from 'vitest'
import { deriveDigestKeys, formatFingerprint } from './digest-keys.ts'

const keys = deriveDigestKeys(new Uint8Array(32).fill(1))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('deriveDigestKeys() gives the keys it always gave', () => {
  expect(hex(keys.row)).toMatchInlineSnapshot(`"0333efad883609a95b1d23653b56a7b6"`)
  expect(hex(keys.blob)).toMatchInlineSnapshot(
    `"ccec7fe5585526ee31778ff6edbbb628e12541a276c5b875287060400e8e595d"`,
  )
  expect(hex(keys.fingerprint)).toMatchInlineSnapshot(
    `"f8aa8c55eaa860074fddcf173e73b60f80d861a89edb6fb05b9cb1b53b26602a"`,
  )
})

test('deriveDigestKeys() gives every source keys of its own', () => {
  const others = deriveDigestKeys(new Uint8Array(32).fill(2))
  expect(hex(others.row)).not.toBe(hex(keys.row))
  expect(hex(others.blob)).not.toBe(hex(keys.blob))
  expect(hex(others.fingerprint)).not.toBe(hex(keys.fingerprint))
})

test('formatFingerprint() differs with the key, the count and either half of the sum', () => {
  const others = deriveDigestKeys(new Uint8Array(32).fill(2))
  const all = new Set([
    formatFingerprint(keys, 1, 5n),
    formatFingerprint(others, 1, 5n),
    formatFingerprint(keys, 2, 5n),
    formatFingerprint(keys, 1, 6n),
    formatFingerprint(keys, 1, 5n + (1n << 64n)),
  ])
  expect(all.size).toBe(5)
  for (const fingerprint of all) expect(fingerprint).toMatch(/^[0-9a-f]{32}$/)
})

test('formatFingerprint() gives the fingerprint it always gave', () => {
  expect(formatFingerprint(keys, 2_000_000, (1n << 128n) - 1n)).toMatchInlineSnapshot(
    `"19245ce1ab054b8553f594a1a1ea3e5a"`,
  )
})
