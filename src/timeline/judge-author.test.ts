import { expect, test } from 'vitest'
import type { Certificate } from '#seal/certificate'
import type { Role, VaultId } from '#seal/keys'
import { judgeAuthor } from './judge-author.ts'

function aCertificate(role: Role, source: string | null = null): Certificate {
  const key = new Uint8Array(32)
  const vaultId = 'a'.repeat(32) as VaultId
  const id = 'b'.repeat(32)
  const hasSigned = () => false
  return { vaultId, id, role, source, epoch: 1, publicKey: key, sealingKey: null, hasSigned }
}

const ROLES: readonly Role[] = ['root', 'capture', 'custodian', 'keeper', 'restore', 'auditor']

/** The table of the architecture, once more and by hand: who may state what. */
test.each([
  ['genesis', '_vault', 'root'],
  ['genesis', 'erp', 'capture'],
  ['capture', 'erp', 'capture'],
  ['reconcile', 'erp', 'capture'],
  ['gap', 'erp', 'capture'],
  ['compact', 'erp', 'keeper'],
  ['hold', 'erp', 'custodian'],
  ['fence', 'erp', 'custodian'],
  ['repair', 'erp', 'custodian keeper'],
  ['certificate', '_vault', 'root'],
  ['recipients', '_vault', 'root'],
  ['revoke', '_vault', 'root'],
  ['restore', '_vault', 'restore'],
  ['restore-begun', '_vault', 'restore'],
  ['drill', '_vault', 'restore'],
  ['audit-head', '_vault', 'custodian'],
  ['heads', '_vault', 'root capture custodian keeper restore'],
  ['document', '_vault', 'root capture restore'],
  ['capture', '_vault', ''],
  ['document', 'erp', ''],
  ['heads', 'erp', ''],
])('a %s on %s may be stated by: %s', (kind, source, allowed) => {
  for (const role of ROLES) {
    const certificate = aCertificate(role, role === 'capture' ? 'erp' : null)
    const verdict = judgeAuthor({ kind, source }, certificate)
    expect({ role, isAllowed: verdict === undefined }).toEqual({
      role,
      isAllowed: allowed.split(' ').includes(role),
    })
  }
})

test('a capture of one source states nothing of another', () => {
  const verdict = judgeAuthor({ kind: 'capture', source: 'crm' }, aCertificate('capture', 'erp'))
  expect(verdict).toMatch(/certified for "erp", not for "crm"/)
})
