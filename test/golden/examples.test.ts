import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { encodeDigestKey, encodeKey } from '#record/key'
import { parseCertificate } from '#seal/certificate'
import { sourceKeysOf } from '#seal/credential'
import { deriveDigestKeys, formatFingerprint } from '#seal/digest-keys'
import { commitToKeys, openKeyring } from '#seal/keyring'
import type { VaultId } from '#seal/keys'
import { sealSection, unsealSection } from '#seal/seal-section'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { openSlot } from '#seal/slot'
import { openRowScanner } from '#segment/scan-rows'
import { aRowBatch, aSchema } from '#segment/testing/segment-fixture'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { Secret } from '#stdx/secret'
import { parseSlot } from '#timeline/envelope'
import { rootCertificate } from '#vault/key-facts'

const PAGE = new URL('../../docs/format/examples.md', import.meta.url)
const page = await readFile(PAGE, 'utf8')
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) =>
  JSON.parse(json ?? ''),
)

/** The example of this name, as the page has it. */
function exampleOf(name: string) {
  return blocks.find(({ example }) => example === name)
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

test('the page has the examples that are tested here, and no others', () => {
  expect(blocks.map(({ example }) => example)).toEqual([
    'canonical',
    'keys',
    'digest-key',
    'source-keys',
    'digests',
    'section',
    'keyring',
    'slot',
    'certificate',
    'entry',
  ])
})

test('canonical JSON and keys are as the page says', () => {
  const { text, value } = exampleOf('canonical')
  expect(formatCanonicalJson(value)).toBe(text)
  for (const { encodings, key, values } of exampleOf('keys').keys) {
    expect(toHex(encodeKey(values, encodings))).toBe(key)
  }
  const { digest, key, occurrence } = exampleOf('digest-key')
  expect(toHex(encodeDigestKey(fromHex(digest).toReversed(), occurrence))).toBe(key)
})

test('the keys of a source follow as the page says', () => {
  const { capture, digestKey, masters, signing, source } = exampleOf('source-keys')
  const entries = Object.entries(masters).map(([name, key]) => [name, fromHex(String(key))])
  const whole = { masters: Object.fromEntries(entries), sources: {} }
  const found = sourceKeysOf(whole as Parameters<typeof sourceKeysOf>[0], source)
  const { capture: opening = new Uint8Array(), digestKey: digest, signing: seed } = found
  expect([seed, opening, digest].map((key) => toHex(key ?? new Uint8Array()))).toEqual([
    signing,
    capture,
    digestKey,
  ])
})

test('digests and the fingerprint are as the page says', () => {
  const { digestKey, digests, fingerprint, layout, missing, rowKey, rows } = exampleOf('digests')
  const keys = deriveDigestKeys(fromHex(digestKey))
  expect(toHex(keys.row)).toBe(rowKey)
  const plain = aSchema({ fields: ['id', 'name', 'terms'] })
  const fields = plain.fields.map((field, i) => ({ ...field, missing: missing[i] ?? null }))
  const scanner = openRowScanner({ ...plain, layout, fields }, fromHex(digestKey))
  const found = [...scanner.scan(aRowBatch(rows.join(''))).digests]
  const asBytes = found.map((digest) => toHex(new Uint8Array(BigUint64Array.of(digest).buffer)))
  expect(asBytes).toEqual(digests)
  const sum = found.reduce((total, digest) => total + digest, 0n)
  expect(formatFingerprint(keys, rows.length, sum)).toBe(fingerprint)
})

test('a section seals to the bytes of the page and opens again', () => {
  const { key, plaintext, sealed, example: _, ...place } = exampleOf('section')
  expect(toHex(sealSection(fromHex(key), place, fromHex(plaintext)))).toBe(sealed)
  expect(toHex(unsealSection(fromHex(key), place, fromHex(sealed)))).toBe(plaintext)
})

test('the keyring object opens, and its key is the one committed to', async () => {
  const { commitment, commitsTo, dataKey, name, object, privateKey, vaultId } = exampleOf('keyring')
  const openers = { read: fromHex(privateKey) }
  const { keys = [] } = await openKeyring({ vaultId, name, bytes: fromHex(object), openers })
  expect(keys.map(toHex)).toEqual([dataKey])
  expect(commitToKeys(commitsTo, keys)).toBe(commitment)
})

test('the slot opens with its passphrase', async () => {
  const { passphrase, plaintext, slot, vaultId } = exampleOf('slot')
  const request = { vaultId, name: 'slot', text: slot, passphrase: new Secret(passphrase) }
  expect(await openSlot(request)).toBe(plaintext)
})

test('the certificate and the entry are signed by the root', async () => {
  const { id, rootSeed, text } = exampleOf('certificate')
  const { author, kind, logKey, object, seq, source, vaultId } = exampleOf('entry')
  const rootPublicKey = signingPublicKeyOf(fromHex(rootSeed))
  const pinned = { vaultId: vaultId as VaultId, rootPublicKey }
  expect(parseCertificate(pinned, 'certificate', text).id).toBe(id)
  const root = rootCertificate(pinned)
  expect(author).toBe(signingKeyId(rootPublicKey))
  const findCertificate = async (wanted: string) => (wanted === root.id ? root : undefined)
  const deps = { vaultId, logKey: fromHex(logKey), findCertificate }
  const slot = await parseSlot(deps, { source, seq }, fromHex(object))
  expect(slot).toMatchObject({ kind: 'entry', entry: { seq, body: { kind, source } } })
})
