import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import type { SchemaVersion } from '#record/schema'
import { atEntry } from '#record/stamp'
import { collect } from '#stdx/streams'
import { checkSegment } from './check-segment.ts'
import { findVersions } from './find-versions.ts'
import { isSeen, type KeptVersions } from './kept-points.ts'
import { type MergeRequest, mergeSegments } from './merge-segments.ts'
import { readTouched } from './read-changes.ts'
import { readState } from './read-state.ts'
import { type PlacedSegment, seqsOf } from './segment.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  digestKey,
  listVersions,
  scanText,
  type Vault,
  writeBatches,
} from './testing/segment-fixture.ts'

const narrow = aSchema({ fields: ['id', 'name'] })
const wide = aSchema({ fields: ['id', 'name', 'tier'], missing: { tier: 'basic' }, version: 2 })
const other = aSchema({ fields: ['id', 'note'], version: 3, layout: 2 })
const SCHEMAS = [narrow, wide, other]
const schemas = new Map(SCHEMAS.map((schema) => [schema.version, schema]))

type Step = { readonly id: number; readonly text: string | null }
type Commit = { readonly schema: SchemaVersion; readonly steps: readonly Step[] }

const keyOf = (id: number) => encodeKey([String(id)], ['integer'])

function rowOf(schema: SchemaVersion, { id, text }: Step): string | null {
  if (text === null) return null
  return schema === wide
    ? `${id}\t${text}\t${id % 2 === 0 ? 'basic' : 'gold'}\n`
    : `${id}\t${text}\n`
}

/** One version a key, as captures write them. */
function batchOf({ schema, steps }: Commit) {
  const stepById = new Map(steps.map((step) => [step.id, step]))
  const versions = [...stepById.values()]
    .sort((a, b) => a.id - b.id)
    .map((step): AVersion => {
      const row = rowOf(schema, step)
      const digest = row === null ? 0n : (scanText(schema, row).digests[0] ?? 0n)
      return { key: keyOf(step.id), row, digest }
    })
  return aBatch(versions)
}

/** A life in which the fields change along the way; under another layout every record is written anew. */
function toCommits(lists: readonly (readonly Step[])[], wideAt: number, otherAt: number): Commit[] {
  const alive = new Map<number, Step>()
  return lists.map((steps, i) => {
    const schema = i >= otherAt ? other : i >= wideAt ? wide : narrow
    const all = i === otherAt ? [...alive.values(), ...steps] : steps
    for (const step of steps) {
      if (step.text === null) alive.delete(step.id)
      else alive.set(step.id, step)
    }
    return { schema, steps: all }
  })
}

const aStep = fc.record({
  id: fc.integer({ min: -4, max: 4 }),
  text: fc.option(fc.stringMatching(/^[a-z]{0,9}$/)),
})
const aLife = fc.record({
  lists: fc.array(fc.array(aStep, { minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 9 }),
  wideAt: fc.integer({ min: 1, max: 9 }),
  otherAt: fc.integer({ min: 2, max: 9 }),
  kept: fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  picks: fc.array(fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 9 }), {
    minLength: 3,
    maxLength: 3,
  }),
})

async function writeLife(vault: Vault, commits: readonly Commit[]): Promise<PlacedSegment[]> {
  const segments: PlacedSegment[] = []
  for (const [i, commit] of commits.entries()) {
    const refs = await writeBatches(vault, commit.schema, [batchOf(commit)])
    segments.push(...refs.map((ref) => ({ seq: i + 1, ref })))
  }
  return segments
}

function digestOf(row: string): bigint {
  return scanText(narrow, row).digests[0] ?? 0n
}

let merges = 0

function aMerge(
  vault: Vault,
  runs: MergeRequest['runs'],
  kept: KeptVersions,
  more: Partial<MergeRequest> = {},
) {
  let number = 0
  merges += 1
  return mergeSegments(
    { read: vault.readDeps, write: vault.writeDeps },
    {
      runs,
      schemas,
      kept,
      digestKey,
      source: 'erp',
      session: `merge${merges}`,
      allocateNumber: () => ++number,
      signal: vault.signal,
      ...more,
    },
  )
}

async function stateAt(vault: Vault, segments: readonly PlacedSegment[], point: KeptPoint) {
  const { schema, seq } = point
  const options = {
    segments,
    schemas,
    schema,
    asOf: atEntry(seq),
    rows: true,
    signal: vault.signal,
  }
  return (await collect(readState(vault.readDeps, options))).flatMap(listVersions)
}

type KeptPoint = { readonly seq: number; readonly schema: SchemaVersion }

async function touched(
  vault: Vault,
  segments: readonly PlacedSegment[],
  [from, to]: readonly [KeptPoint, KeptPoint],
) {
  const options = { segments, schemas, rows: true, signal: vault.signal }
  const seqs = {
    from: atEntry(from.seq),
    to: atEntry(to.seq),
    fromSchema: from.schema,
    toSchema: to.schema,
  }
  const batches = await collect(readTouched(vault.readDeps, { ...options, ...seqs }))
  const plain = (batch: (typeof batches)[number]['after']) =>
    listVersions(batch).map(({ digest, key, op, row }) => ({ digest, key, op, row }))
  return batches.flatMap(({ after, before }) => [plain(before), plain(after)])
}

/** What each kept point holds of each key, by its version: what is hidden everywhere tells nothing. */
async function historyAt(
  vault: Vault,
  segments: readonly PlacedSegment[],
  points: readonly KeptPoint[],
) {
  const found: unknown[] = []
  for (let id = -4; id <= 4; id++) {
    const options = { segments, schemas, key: keyOf(id), signal: vault.signal }
    const versions = await findVersions(vault.readDeps, options)
    for (const { seq } of points) {
      const version = versions.find((one) => one.seq <= seq)
      const isThere = version !== undefined && version.op === 0
      found.push({ id, seq, digest: isThere ? version.digest : null })
    }
  }
  return found
}

async function lookAll(
  vault: Vault,
  segments: readonly PlacedSegment[],
  points: readonly KeptPoint[],
) {
  const states = []
  for (const point of points) states.push(await stateAt(vault, segments, point))
  const changes = []
  for (const [i, to] of points.entries()) {
    const from = points[i - 1]
    const isOneLayout = from !== undefined && from.schema.layout === to.schema.layout
    if (isOneLayout) changes.push(await touched(vault, segments, [from, to]))
  }
  return { states, changes, history: await historyAt(vault, segments, points) }
}

test('a table reads as before at every kept point, whatever was merged in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(aLife, async ({ kept, lists, otherAt, picks, wideAt }) => {
      const vault = aVault()
      const commits = toCommits(lists, wideAt, otherAt)
      const newestSeq = commits.length
      const schemaAt = (seq: number) => commits[seq - 1]?.schema ?? narrow
      let segments = await writeLife(vault, commits)
      let keptSeqs = new Set(commits.map((_, i) => i + 1))
      for (const [round, wanted] of kept.entries()) {
        keptSeqs = new Set([...keptSeqs].filter((seq) => wanted.includes(seq) || seq === newestSeq))
        const points = [...keptSeqs].map((seq) => ({ seq, schema: schemaAt(seq) }))
        const before = await lookAll(vault, segments, points)
        const chosen = new Set((picks[round] ?? []).map((n) => segments[n % segments.length]))
        const outside = segments.filter((one) => !chosen.has(one))
        const merged = segments.filter((one) => chosen.has(one))
        const result = await aMerge(
          vault,
          merged.map((one) => [one]),
          {
            points: [...keptSeqs],
            newestSeq,
            outsideSeqMin: Math.min(...outside.map((one) => seqsOf(one).min)),
          },
        )
        const placed = result.segments.map((ref) => ({ seq: newestSeq + round + 1, ref }))
        segments = [...outside, ...placed]
        expect(await lookAll(vault, segments, points)).toEqual(before)
        for (const one of placed) {
          const options = { schemas, depth: 'decoded', digestKey, signal: vault.signal } as const
          expect(await checkSegment(vault.readDeps, one, options)).toEqual([])
        }
      }
    }),
    { numRuns: 6 },
  )
}, 30_000)

test('merging everything keeps exactly the versions that a kept point sees', async () => {
  await fc.assert(
    fc.asyncProperty(aLife, async ({ kept, lists }) => {
      const vault = aVault()
      const commits = toCommits(lists, 99, 99)
      const newestSeq = commits.length
      const points = [...new Set([...(kept[0] ?? []), newestSeq])]
        .filter((seq) => seq <= newestSeq)
        .sort((a, b) => a - b)
      const runs = (await writeLife(vault, commits)).map((one) => [one])
      const outsideSeqMin = Number.POSITIVE_INFINITY
      const { segments } = await aMerge(vault, runs, { points, newestSeq, outsideSeqMin })
      const expected: string[] = []
      for (let id = -4; id <= 4; id++) {
        const seen = new Set<string>()
        let isFirst = true
        for (const point of points) {
          const at = commits
            .slice(0, point)
            .findLastIndex(({ steps }) => steps.some((s) => s.id === id))
          const step = commits[at]?.steps.findLast((one) => one.id === id)
          // What was deleted before anything that is kept needs no delete.
          if (step === undefined || (isFirst && step.text === null)) continue
          isFirst = false
          seen.add(`${Buffer.from(keyOf(id)).toString('hex')}@${at + 1}`)
        }
        expected.push(...seen)
      }
      const found: string[] = []
      for (const ref of segments) {
        for (let id = -4; id <= 4; id++) {
          const key = keyOf(id)
          const options = { segments: [{ seq: 99, ref }], schemas, key, signal: vault.signal }
          const versions = await findVersions(vault.readDeps, options)
          found.push(...versions.map(({ seq }) => `${Buffer.from(key).toString('hex')}@${seq}`))
        }
      }
      expect(found.sort()).toEqual(expected.sort())
    }),
    { numRuns: 6 },
  )
}, 30_000)

const refusedMerges: readonly (readonly [string, AVersion])[] = [
  ['its digest', { key: keyOf(1), row: '1\tada\n', digest: 5n }],
  ['its key', { key: keyOf(2), row: '1\tada\n', digest: digestOf('1\tada\n') }],
]

test.each(refusedMerges)(
  'a merge that reads back a row without %s is taken back',
  async (_, wrong) => {
    const vault = aVault()
    const right: AVersion = { key: keyOf(0), row: '0\tbob\n', digest: digestOf('0\tbob\n') }
    const refs = await writeBatches(vault, narrow, [aBatch([right, wrong])])
    const listed = async () =>
      (await collect(vault.store.list('', vault.signal))).map(({ name }) => name)
    const before = await listed()
    const kept = { points: [1], newestSeq: 1, outsideSeqMin: Number.POSITIVE_INFINITY }
    const merging = aMerge(vault, [refs.map((ref) => ({ seq: 1, ref }))], kept)
    await expect(merging).rejects.toMatchObject({ code: 'segment.not-verified' })
    expect(await listed()).toEqual(before)
  },
)

test('isSeen() keeps what all transactions of an entry that is kept show', () => {
  const kept = { points: [3, 7], newestSeq: 9, outsideSeqMin: 0 }
  const from = (seq: number, ordinal = 1) => ({ seq, ordinal })
  expect(isSeen(kept, 3, from(3, 2))).toBe(true)
  expect(isSeen(kept, 2, from(2, 2))).toBe(false)
  expect(isSeen(kept, 2, from(3, 1))).toBe(false)
  expect(isSeen(kept, 2, from(3, 2))).toBe(true)
  expect(isSeen(kept, 2, from(4))).toBe(true)
  expect(isSeen(kept, 8)).toBe(false)
  expect(isSeen(kept, 10)).toBe(true)
})
