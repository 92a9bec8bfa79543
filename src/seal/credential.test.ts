import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import {
  createCredential,
  formatCredential,
  narrowCredential,
  parseCredential,
  sourceKeysOf,
} from './credential.ts'
import type { VaultId } from './keys.ts'
import { signingPublicKeyOf } from './signing-pair.ts'

const whole = createCredential(systemRandom, 'a'.repeat(32) as VaultId)
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

test('parseCredential() gives back what formatCredential() was given', () => {
  for (const credential of [
    whole,
    narrowCredential(whole, 'capture', 'erp'),
    narrowCredential(whole, 'keeper'),
    narrowCredential(whole, 'auditor'),
  ]) {
    expect(parseCredential(formatCredential(credential))).toEqual(credential)
  }
})

test('parseCredential() says nothing of a secret that it cannot read', () => {
  const text = formatCredential(whole).replace('"logKey"', '"logKeyX"')
  expect(() => parseCredential(text)).toThrow(/^Cannot read the credential: it is not in the form/)
})

test('every source has keys of its own, always the same', () => {
  const erp = sourceKeysOf(whole, 'erp')
  expect(sourceKeysOf(whole, 'erp')).toEqual(erp)
  const crm = sourceKeysOf(whole, 'crm')
  const all = [erp.signing, erp.capture, erp.digestKey, crm.signing, crm.capture, crm.digestKey]
  expect(new Set(all.map(hex)).size).toBe(6)
})

test('a capture credential holds its source and neither masters nor the read key', () => {
  const capture = narrowCredential(whole, 'capture', 'erp')
  expect(sourceKeysOf(capture, 'erp')).toEqual(sourceKeysOf(whole, 'erp'))
  expect(sourceKeysOf(capture, 'crm')).toEqual({})
  const text = formatCredential(capture)
  for (const secret of [
    whole.read,
    ...Object.values(whole.masters),
    ...Object.values(whole.signing),
  ]) {
    expect(text).not.toContain(hex(secret))
  }
})

test('a custodian holds the log key and its own signing key, an auditor likewise', () => {
  for (const role of ['custodian', 'auditor'] as const) {
    const { signing, masters, sources, logKey, read } = narrowCredential(whole, role)
    expect({ signing, masters, sources, logKey, read }).toEqual({
      signing: { [role]: whole.signing[role] },
      masters: {},
      sources: {},
      logKey: whole.logKey,
      read: undefined,
    })
  }
})

test('keeper and restore read rows; neither signs as capture, the keeper opens `.keys` as capture does', () => {
  const keeper = sourceKeysOf(narrowCredential(whole, 'keeper'), 'erp')
  expect(Object.keys(keeper).sort()).toEqual(['capture', 'digestKey'])
  const restore = narrowCredential(whole, 'restore')
  expect(Object.keys(sourceKeysOf(restore, 'erp'))).toEqual(['digestKey'])
  expect(restore.read).toEqual(whole.read)
  expect(Object.keys(restore.signing)).toEqual(['restore'])
})

test('sourceKeysOf() derives the keys of a source once, and those of no other', () => {
  const erp = sourceKeysOf(whole, 'erp')
  expect(sourceKeysOf(whole, 'erp')).toBe(erp)
  expect(sourceKeysOf({ ...whole }, 'erp')).toEqual(erp)
  expect(hex(sourceKeysOf(whole, 'crm').signing)).not.toBe(hex(erp.signing))
})

test('signingPublicKeyOf() gives each caller a key of its own', () => {
  const seed = systemRandom.bytes(32)
  const first = signingPublicKeyOf(seed)
  const before = hex(first)
  first.fill(0)
  expect(hex(signingPublicKeyOf(seed))).toBe(before)
})
