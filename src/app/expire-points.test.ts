import { expect, test } from 'vitest'
import { parseConfig } from '#config/parse-config'
import { aCapture } from '#vault/testing/a-capture'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { proposeExpiry, proposeRelease, takeUpProposal } from './agree-proposal.ts'
import { type ExpiryAnswer, expirePoints } from './expire-points.ts'
import { listPoints } from './list-points.ts'
import { holdPoints, labelPoint, releasePoints } from './mark-points.ts'
import { findPoint } from './points/find-point.ts'

const POLICY = '{ keepAll: 0h, daily: 1, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 }'
const agree = async () => {}

function aConfig(retention: string | undefined) {
  const scope = retention === undefined ? '' : `, retention: ${retention}`
  const text = `sources:\n  erp: { connector: sqlite, file: x${scope} }`
  const parsed = parseConfig(text, { label: 'x', folder: '/', environment: {} })
  // Only what the configuration says of retention is asked for.
  return { readConfig: async () => parsed as never }
}

const deps = aConfig(POLICY)

/** A vault in one hand with this many points of one source, all of one day. */
async function aHistory(points: number): Promise<VaultInHand & { seqs(): Promise<number[]> }> {
  const inHand = await aVault()
  const { vault } = inHand
  await vault.addSource('erp', signal)
  for (let i = 0; i < points; i++) await addPoint(vault)
  const seqs = async () => (await vault.readTimeline('erp', signal)).points.map(({ seq }) => seq)
  return { ...inHand, seqs }
}

async function addPoint(vault: Vault): Promise<void> {
  const state = await vault.readTimeline('erp', signal)
  const base = state.points.at(-1)?.seq
  const change = base === undefined ? {} : { base, schemas: [] }
  await vault.append(state, await aCapture(vault, 'erp', change), signal)
}

const expireErp = { source: 'erp', isDryRun: false, agree }

test('expirePoints() lets go what no rule keeps, and says why the rest stays', async () => {
  const { seqs, vault } = await aHistory(4)
  await labelPoint(vault, { point: 'erp@1', label: 'fy26-close' }, signal)
  await holdPoints(vault, { points: ['erp@2'], reason: 'audit' }, signal)
  const plan = await expirePoints(deps, vault, { ...expireErp, isDryRun: true }, signal)
  expect(plan.expired.map(({ point }) => point)).toEqual(['erp@3'])
  expect(plan.kept.map(({ point, reasons }) => [point, ...reasons])).toEqual([
    ['erp@1', 'label fy26-close'],
    ['erp@2', 'held'],
    ['erp@4', 'newest', 'daily 1 of 1'],
  ])
  expect(await seqs()).toEqual([1, 2, 3, 4])
  const answer = await expirePoints(deps, vault, expireErp, signal)
  expect(answer).toEqual({ ...plan, entry: 'erp@7' })
  expect(await seqs()).toEqual([1, 2, 4])
  const { points } = await listPoints(vault, 'erp', signal)
  expect(points.map(({ held, labels }) => [held, labels])).toEqual([
    [false, ['fy26-close']],
    [true, []],
    [false, []],
  ])
})

test('expirePoints() lets nothing go without a retention, nor without consent', async () => {
  const { seqs, vault } = await aHistory(3)
  const none = await expirePoints(aConfig(undefined), vault, expireErp, signal)
  expect(none.expired).toEqual([])
  const refuse = async () => {
    throw new Error('no')
  }
  await expect(expirePoints(deps, vault, { ...expireErp, agree: refuse }, signal)).rejects.toThrow()
  await expect(
    expirePoints(deps, vault, { ...expireErp, source: 'crm' }, signal),
  ).rejects.toMatchObject({ code: 'config.name-unknown' })
  expect(await seqs()).toEqual([1, 2, 3])
})

test('expirePoints() keeps what was held while it asked, and lets go no more than was agreed to', async () => {
  const { seqs, vault } = await aHistory(4)
  const during = async ({ expired }: ExpiryAnswer) => {
    expect(expired).toHaveLength(3)
    await holdPoints(vault, { points: ['erp@2'], reason: 'at the last moment' }, signal)
    await addPoint(vault)
  }
  await expirePoints(deps, vault, { ...expireErp, agree: during }, signal)
  // Point 4 could go since point 6 is there, but nobody agreed to that.
  expect(await seqs()).toEqual([2, 4, 6])
})

test('a label names one point for ever, with and without its source', async () => {
  const { vault } = await aHistory(2)
  await labelPoint(vault, { point: 'erp@1', label: 'fy26-close' }, signal)
  expect((await findPoint(vault, 'erp@fy26-close', signal)).point.seq).toBe(1)
  expect((await findPoint(vault, '@fy26-close', signal)).point.seq).toBe(1)
  const again = { point: 'erp@1', label: 'fy26-close' }
  expect((await labelPoint(vault, again, signal)).entries).toEqual([])
  await expect(
    labelPoint(vault, { point: 'erp@2', label: 'fy26-close' }, signal),
  ).rejects.toMatchObject({ code: 'app.label-taken' })
})

test.each(['latest', 'live', '12', 'FY26', '', 'a b'])('"%s" is no label', async (label) => {
  const { vault } = await aHistory(1)
  await expect(labelPoint(vault, { point: 'erp@1', label }, signal)).rejects.toMatchObject({
    code: 'app.label-invalid',
  })
})

test('a hold ends when it is released, and nothing is said twice', async () => {
  const { seqs, vault } = await aHistory(2)
  const hold = { points: ['erp@1', 'erp@latest', 'erp@1'], reason: 'audit' }
  expect(await holdPoints(vault, hold, signal)).toEqual({
    points: ['erp@1', 'erp@2'],
    entries: ['erp@3'],
  })
  expect((await holdPoints(vault, hold, signal)).entries).toEqual([])
  const dry = { points: ['erp@1'], isDryRun: true }
  expect(await releasePoints(vault, dry, signal)).toEqual({ points: ['erp@1'], entries: [] })
  expect((await vault.readTimeline('erp', signal)).points.at(0)).toMatchObject({ held: true })
  expect((await releasePoints(vault, { points: ['erp@1'] }, signal)).entries).toEqual(['erp@4'])
  expect((await releasePoints(vault, { points: ['erp@1'] }, signal)).entries).toEqual([])
  await expirePoints(deps, vault, expireErp, signal)
  expect(await seqs()).toEqual([2])
})

test.each(['custodian', 'keeper'] as const)(
  'a %s alone is refused before anything is asked',
  async (role) => {
    const { openAs } = await aHistory(3)
    const vault = await openAs(role)
    let asked = 0
    const ask = async () => {
      asked += 1
    }
    const refused = { code: 'vault.role-missing' }
    await expect(
      expirePoints(deps, vault, { ...expireErp, agree: ask }, signal),
    ).rejects.toMatchObject(refused)
    expect(asked).toBe(0)
    const plan = await expirePoints(deps, vault, { ...expireErp, isDryRun: true }, signal)
    expect(plan.expired).toHaveLength(2)
  },
)

test('a custodian proposes and a keeper takes up; neither can do it alone', async () => {
  const { openAs, seqs } = await aHistory(3)
  const custodian = await openAs('custodian')
  const keeper = await openAs('keeper')
  const { answer, text } = await proposeExpiry(deps, custodian, 'erp', signal)
  expect(answer.points).toEqual(['erp@1', 'erp@2'])
  expect(await seqs()).toEqual([1, 2, 3])
  for (const alone of [custodian, keeper]) {
    await expect(expirePoints(deps, alone, expireErp, signal)).rejects.toMatchObject({
      code: 'vault.role-missing',
    })
  }
  const request = { text: text ?? '', kind: 'expire' as const, agree }
  await expect(takeUpProposal(deps, custodian, request, signal)).rejects.toMatchObject({
    code: 'vault.role-missing',
  })
  expect(await takeUpProposal(deps, keeper, request, signal)).toMatchObject({ entry: 'erp@4' })
  expect(await seqs()).toEqual([3])
  await expect(takeUpProposal(deps, keeper, request, signal)).rejects.toMatchObject({
    code: 'retention.proposal-refused',
  })
})

test('a keeper refuses a proposal that its own retention would not make', async () => {
  const { openAs, seqs } = await aHistory(3)
  const { text } = await proposeExpiry(deps, await openAs('custodian'), 'erp', signal)
  const keeper = await openAs('keeper')
  const request = { text: text ?? '', kind: 'expire' as const, agree }
  for (const careful of [aConfig(undefined), aConfig('{ keepMin: 3 }')]) {
    await expect(takeUpProposal(careful, keeper, request, signal)).rejects.toMatchObject({
      code: 'retention.proposal-refused',
    })
  }
  expect(await seqs()).toEqual([1, 2, 3])
})

test('a keeper refuses a proposal after a hold, and one that was altered', async () => {
  const { openAs, seqs } = await aHistory(3)
  const custodian = await openAs('custodian')
  const keeper = await openAs('keeper')
  const { text } = await proposeExpiry(deps, custodian, 'erp', signal)
  const altered = (text ?? '').replace(/("points": \[)[^\]]*/, '$11')
  const takeUp = (given: string, kind: 'expire' | 'release' = 'expire') =>
    takeUpProposal(deps, keeper, { text: given, kind, agree }, signal)
  await expect(takeUp(altered)).rejects.toMatchObject({ code: 'retention.proposal-refused' })
  await holdPoints(custodian, { points: ['erp@1'], reason: 'audit' }, signal)
  await expect(takeUp(text ?? '')).rejects.toMatchObject({ code: 'retention.proposal-refused' })
  const { text: release } = await proposeRelease(custodian, ['erp@1'], signal)
  await expect(takeUp(release ?? '')).rejects.toMatchObject({ code: 'retention.proposal-invalid' })
  await expect(takeUp('{}')).rejects.toMatchObject({ code: 'retention.proposal-invalid' })
  expect(await takeUp(release ?? '', 'release')).toMatchObject({
    points: ['erp@1'],
    entry: 'erp@5',
  })
  expect(await seqs()).toEqual([1, 2, 3])
})
