import { expect, test } from 'vitest'
import { foldFacts } from './fold-facts.ts'
import { isRevokedAt } from './revocations.ts'
import { aTimelines } from './testing/a-timeline.ts'

async function aVaultTimeline() {
  const timelines = aTimelines()
  const root = timelines.anAuthor('root')
  await timelines.append('_vault', { kind: 'genesis', source: '_vault' }, root)
  return { ...timelines, root }
}

test('a holder may have stated what lies up to the last entry, and elsewhere nothing', () => {
  const revoked = new Map([['a', { erp: 3 }]])
  expect(isRevokedAt(revoked, 'a', { source: 'erp', seq: 3 })).toBe(false)
  expect(isRevokedAt(revoked, 'a', { source: 'erp', seq: 4 })).toBe(true)
  expect(isRevokedAt(revoked, 'a', { source: 'crm', seq: 0 })).toBe(true)
  expect(isRevokedAt(revoked, 'b', { source: 'erp', seq: 9 })).toBe(false)
})

test('what a revoked holder states in the timeline of the vault is void, what it stated stays', async () => {
  const { anAuthor, append, chain, root } = await aVaultTimeline()
  const custodian = anAuthor('custodian')
  const heads = (seq: number) =>
    ({ kind: 'heads', heads: { erp: { seq, hash: 'a'.repeat(64) } } }) as const
  await append('_vault', heads(1), custodian)
  const certificate = custodian.certificateId
  const body = { kind: 'revoke' as const, certificates: [{ certificate, last: { _vault: 1 } }] }
  await append('_vault', body, root)
  await append('_vault', heads(9), custodian)
  await append('_vault', heads(2), root)
  const { damagedFrom, entries, incidents } = await chain('_vault')
  expect(entries.map(({ seq }) => seq)).toEqual([0, 1, 2, 4])
  expect(incidents).toMatchObject([{ seq: 3 }])
  expect(damagedFrom).toBeNull()
  // A second word on the same certificate changes nothing.
  const later = { kind: 'revoke' as const, certificates: [{ certificate, last: { _vault: 9 } }] }
  await append('_vault', later, root)
  expect((await chain('_vault')).entries.map(({ seq }) => seq)).toEqual([0, 1, 2, 4, 5])
})

test('of several recipients the newest epoch counts', async () => {
  const { append, chain, root } = await aVaultTimeline()
  const say = (epoch: number, key: string) => {
    const read = [{ certificate: 'b'.repeat(32), key: key.repeat(64) }]
    return append('_vault', { kind: 'recipients', epoch, read, capture: {} }, root)
  }
  expect(foldFacts(await chain('_vault')).recipients).toBeNull()
  await say(2, 'a')
  await say(3, 'b')
  await say(3, 'c')
  await say(2, 'd')
  expect(foldFacts(await chain('_vault')).recipients).toMatchObject({
    epoch: 3,
    read: [{ key: 'b'.repeat(64) }],
  })
})
