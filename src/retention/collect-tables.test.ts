import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { aToldBody, beginFollowing, someTransactions, tell } from '#vault/testing/a-followed-vault'
import { aVault, signal } from '#vault/testing/a-vault'
import { runCollect } from './run-collect.ts'

const GRACE_MS = 24 * 3_600_000

test('the table of a point goes once the point was let go for the grace, and not before', async () => {
  let nowMs = 0
  const { store, vault } = await aVault(() => nowMs)
  await beginFollowing(vault)
  const first = await tell(vault, await aToldBody(vault, someTransactions(40)))
  const second = await tell(vault, await aToldBody(vault, someTransactions(40, 40)))
  const request = { source: 'erp', graceMs: GRACE_MS, isDryRun: false }
  // Segments that nobody committed are other tests' concern.
  const collect = async () =>
    (await runCollect({ vault, random: systemRandom }, request, signal)).deleted.filter(
      ({ why }) => !why.includes('dead'),
    )
  nowMs += 2 * GRACE_MS
  expect(await collect()).toEqual([])
  const state = await vault.readTimeline('erp', signal)
  const { basis } = state
  const expire = await vault.cosign('erp', { kind: 'expire', basis, points: [2] }, signal)
  await vault.append(state, expire, signal)
  nowMs += GRACE_MS - 1
  expect(await collect()).toEqual([])
  expect([...store.objects.keys()]).toContain(first)
  nowMs += 1
  expect(await collect()).toMatchObject([{ name: first, why: 'its point was let go by erp@4' }])
  expect([...store.objects.keys()]).not.toContain(first)
  expect([...store.objects.keys()]).toContain(second)
  const report = await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
  expect(report).toMatchObject({ verdict: 'whole', problems: [] })
})
