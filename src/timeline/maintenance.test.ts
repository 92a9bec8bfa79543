import { expect, test } from 'vitest'
import type { AgreedBody } from './maintenance-entry.ts'
import { cosign, type Proposal } from './proposal.ts'
import { aTimelines } from './testing/a-timeline.ts'

async function aHeldTimeline() {
  const timelines = aTimelines()
  await timelines.begin('erp', 3)
  const keeper = timelines.anAuthor('keeper')
  const custodian = timelines.anAuthor('custodian')
  const agree = (proposal: Proposal, by = custodian): AgreedBody =>
    cosign({ vaultId: timelines.deps.vaultId, source: 'erp' }, proposal, by)
  const seqs = async () => (await timelines.read('erp')).points.map(({ seq }) => seq)
  return { ...timelines, keeper, custodian, agree, seqs }
}

test('an expired point is none any more, and says so', async () => {
  const { agree, append, keeper, read, seqs } = await aHeldTimeline()
  await append('erp', agree({ kind: 'expire', basis: null, points: [1] }), keeper)
  expect(await seqs()).toEqual([2, 3])
  const state = await read('erp')
  expect([1, 2].map((seq) => state.expired.get(seq))).toEqual([4, undefined])
  expect(state.incidents).toEqual([])
})

test('what is held or newest does not expire, whoever agrees', async () => {
  const { agree, append, custodian, keeper, read, seqs } = await aHeldTimeline()
  await append('erp', { kind: 'hold', points: [1], reason: 'audit' }, custodian)
  await append('erp', agree({ kind: 'expire', basis: 4, points: [1] }), keeper)
  await append('erp', agree({ kind: 'expire', basis: 4, points: [3] }), keeper)
  expect(await seqs()).toEqual([1, 2, 3])
  expect((await read('erp')).incidents.map(({ problem }) => problem)).toEqual([
    'The expire in entry 5 does not count: point 1 is held',
    'The expire in entry 6 does not count: point 3 is the newest',
  ])
})

test('an agreement holds once and not after something else was said', async () => {
  const { agree, append, custodian, keeper, read, seqs } = await aHeldTimeline()
  const agreed = agree({ kind: 'expire', basis: null, points: [1] })
  await append('erp', { kind: 'hold', points: [1], reason: '' }, custodian)
  await append('erp', agree({ kind: 'release', basis: 4, points: [1] }), keeper)
  await append('erp', agreed, keeper)
  expect(await seqs()).toEqual([1, 2, 3])
  expect((await read('erp')).incidents).toHaveLength(1)
  await append('erp', agree({ kind: 'expire', basis: 5, points: [1] }), keeper)
  expect(await seqs()).toEqual([2, 3])
})

test.each(['keeper', 'capture', 'restore', 'auditor', 'root'] as const)(
  'the second hand is a custodian, not %s',
  async (role) => {
    const { agree, anAuthor, append, keeper, chain, seqs } = await aHeldTimeline()
    const other = anAuthor(role, role === 'capture' ? 'erp' : null)
    await append('erp', agree({ kind: 'expire', basis: null, points: [1] }, other), keeper)
    expect(await seqs()).toEqual([1, 2, 3])
    expect((await chain('erp')).voids).toHaveLength(1)
  },
)

test('an agreement about one source is none about another, nor about other points', async () => {
  const { agree, append, begin, chain, keeper } = await aHeldTimeline()
  await begin('crm', 2)
  const agreed = agree({ kind: 'expire', basis: null, points: [1] })
  await append('crm', agreed, keeper)
  await append('erp', { ...agreed, points: [2] }, keeper)
  expect((await chain('crm')).voids).toHaveLength(1)
  expect((await chain('erp')).voids).toHaveLength(1)
})

test('a label is given once and never moves', async () => {
  const { append, custodian, read } = await aHeldTimeline()
  await append('erp', { kind: 'label', label: 'fy26-close', point: 2 }, custodian)
  await append('erp', { kind: 'label', label: 'fy26-close', point: 3 }, custodian)
  const { incidents, points } = await read('erp')
  expect(points.map(({ labels }) => labels)).toEqual([[], ['fy26-close'], []])
  expect(incidents).toHaveLength(1)
})

test('a session that was declared dead commits nothing', async () => {
  const { append, begin, custodian, nextCapture, read } = await aHeldTimeline()
  const capture = await begin('crm', 1)
  const late = await nextCapture('crm')
  await append('crm', { kind: 'fence', sessions: [late.session] }, custodian)
  await append('crm', late, capture)
  const { fenced, incidents, points } = await read('crm')
  expect([points.length, fenced.has(late.session), incidents.length]).toEqual([1, true, 1])
})

test('a compaction replaces only what is there', async () => {
  const { append, keeper, read } = await aHeldTimeline()
  const removes = ['erp/none/0']
  const sizes = { bytesStored: 0, durationMs: 0 }
  await append('erp', { kind: 'compact', session: 'x', removes, segments: [], ...sizes }, keeper)
  const { incidents, replaced } = await read('erp')
  expect([...replaced]).toEqual([])
  expect(incidents[0]?.problem).toContain('segment "erp/none/0", which it replaces, is not there')
})
