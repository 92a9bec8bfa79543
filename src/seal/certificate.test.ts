import { expect, test } from 'vitest'
import { formatCertificate, parseCertificate } from './certificate.ts'
import type { VaultId } from './keys.ts'
import { signingPublicKeyOf } from './signing-pair.ts'

const vaultId = 'a'.repeat(32) as VaultId
const root = new Uint8Array(32).fill(1)
const deps = { vaultId, rootPublicKey: signingPublicKeyOf(root) }
const body = {
  vaultId,
  role: 'capture',
  source: 'erp',
  epoch: 1,
  publicKey: signingPublicKeyOf(new Uint8Array(32).fill(2)),
  sealingKey: new Uint8Array(32).fill(3),
} as const
const invalid = expect.objectContaining({ code: 'seal.certificate-invalid' })

test('parseCertificate() gives back what the root signed, with its id', () => {
  const certificate = parseCertificate(deps, 'roles/1.json', formatCertificate(root, body))
  expect(certificate).toMatchObject({ ...body, id: expect.stringMatching(/^[0-9a-f]{32}$/) })
})

test('parseCertificate() refuses a certificate of another root or another vault', () => {
  const forged = formatCertificate(new Uint8Array(32).fill(9), body)
  expect(() => parseCertificate(deps, 'roles/1.json', forged)).toThrow(invalid)
  const foreign = formatCertificate(root, { ...body, vaultId: 'b'.repeat(32) as VaultId })
  expect(() => parseCertificate(deps, 'roles/1.json', foreign)).toThrow(invalid)
})

test('parseCertificate() refuses every change of meaning', () => {
  const text = formatCertificate(root, body)
  for (const [from, to] of [
    ['"erp"', '"crm"'],
    ['"capture"', '"restore"'],
    ['"epoch":1', '"epoch":2'],
    ['0303', '0404'],
  ] as const) {
    expect(text).toContain(from)
    expect(() => parseCertificate(deps, 'roles/1.json', text.replace(from, to))).toThrow(invalid)
  }
})
