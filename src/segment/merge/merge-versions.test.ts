import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry } from '#record/stamp'
import { collect } from '#stdx/streams'
import { checkSegment } from '../check-segment.ts'
import { createSegmentWriter } from '../create-segment-writer.ts'
import type { KeptVersions } from '../kept-points.ts'
import { toRowBatches } from '../large-values.ts'
import { mergeSegments } from '../merge-segments.ts'
import { readState } from '../read-state.ts'
import type { PlacedSegment } from '../segment.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  digestKey,
  listVersions,
  scanText,
  type Vault,
} from '../testing/segment-fixture.ts'
import type { VersionBatch } from '../version-batch.ts'

const schema = aSchema()
const schemas = new Map([[1, schema]])
const DELETED = null
let sessions = 0

/** Rows of some 400 bytes that do not shrink, so that a few thousand are several blocks. */
function rowOf(id: number, day: number): string {
  const noise = createHash('sha512').update(`${id}/${day}`)
  const text = noise.digest('hex').repeat(3)
  return `${id}\tday ${day}\t${text}\n`
}

function aDay(rows: ReadonlyMap<number, string | null>): VersionBatch[] {
  const sorted = [...rows].sort(([a], [b]) => a - b)
  return Array.from({ length: Math.ceil(sorted.length / 900) }, (_, i) =>
    scanDay(sorted.slice(900 * i, 900 * (i + 1))),
  )
}

function scanDay(rows: readonly (readonly [number, string | null])[]): VersionBatch {
  const scanned = scanText(schema, rows.map(([, row]) => row ?? '').join(''))
  let put = 0
  return aBatch(
    rows.map(([id, row]): AVersion => {
      const digest = row === null ? 0n : (scanned.digests[put++] ?? 0n)
      return { key: encodeKey([String(id)], ['integer']), row, digest }
    }),
  )
}

/** As one run of small segments. */
async function write(
  vault: Vault,
  seq: number,
  batches: readonly VersionBatch[],
): Promise<PlacedSegment[]> {
  let number = 0
  sessions += 1
  await using writer = createSegmentWriter(vault.writeDeps, {
    source: 'erp',
    session: `day${sessions}`,
    schema,
    allocateNumber: () => ++number,
    digestKey,
    objectBytes: 100_000,
    signal: vault.signal,
  })
  for (const batch of batches) await writer.append(batch)
  return (await writer.finish()).map((ref) => ({ seq, ref }))
}

async function merge(
  vault: Vault,
  runs: readonly (readonly PlacedSegment[])[],
  kept: KeptVersions,
): Promise<PlacedSegment[]> {
  let number = 0
  sessions += 1
  const { segments } = await mergeSegments(
    { read: vault.readDeps, write: vault.writeDeps },
    {
      runs,
      schemas,
      kept,
      digestKey,
      source: 'erp',
      session: `merge${sessions}`,
      allocateNumber: () => ++number,
      signal: vault.signal,
    },
  )
  const placed = segments.map((ref) => ({ seq: 90 + sessions, ref }))
  const options = { schemas, depth: 'decoded', digestKey, signal: vault.signal } as const
  for (const one of placed) expect(await checkSegment(vault.readDeps, one, options)).toEqual([])
  return placed
}

async function rowsAt(vault: Vault, segments: readonly PlacedSegment[], seq: number) {
  const options = {
    segments,
    schemas,
    schema,
    asOf: atEntry(seq),
    rows: true,
    signal: vault.signal,
  }
  const batches = await collect(readState(vault.readDeps, options))
  return batches.flatMap(listVersions).map(({ row }) => row)
}

function modelAt(days: readonly ReadonlyMap<number, string | null>[], seq: number) {
  const state = new Map<number, string | null>()
  for (const day of days.slice(0, seq)) for (const [id, row] of day) state.set(id, row)
  return [...state].sort(([a], [b]) => a - b).flatMap(([, row]) => row ?? [])
}

/** A base of blocks, days that touch some of them here and there, one that only adds, one that empties. */
const DAYS = [
  new Map(Array.from({ length: 9_000 }, (_, id) => [id, rowOf(id, 1)])),
  new Map(Array.from({ length: 60 }, (_, i) => [i * 97, i % 7 ? rowOf(i * 97, 2) : DELETED])),
  new Map(Array.from({ length: 4_000 }, (_, i) => [20_000 + i, rowOf(20_000 + i, 3)])),
  new Map(Array.from({ length: 2_500 }, (_, i) => [3_000 + i, DELETED])),
  new Map(Array.from({ length: 300 }, (_, i) => [2_900 + i, rowOf(2_900 + i, 5)])),
]

test('runs of many blocks and segments merge, and merge again', async () => {
  const vault = aVault()
  const runs: PlacedSegment[][] = []
  for (const [i, day] of DAYS.entries()) runs.push(await write(vault, i + 1, aDay(day)))
  const [base = [], ...days] = runs
  expect(base.length).toBeGreaterThan(2)
  const all = { points: [1, 2, 3, 4, 5], newestSeq: 5 }
  const younger = await merge(vault, days, { ...all, outsideSeqMin: 1 })
  const whole = await merge(vault, [base, younger], { ...all, outsideSeqMin: Number.MAX_VALUE })
  for (const segments of [[...base, ...younger], whole]) {
    for (const point of all.points) {
      expect(await rowsAt(vault, segments, point)).toEqual(modelAt(DAYS, point))
    }
  }
  const few = { points: [3, 5], newestSeq: 5, outsideSeqMin: Number.MAX_VALUE }
  const left = await merge(vault, [whole], few)
  for (const point of few.points) {
    expect(await rowsAt(vault, left, point)).toEqual(modelAt(DAYS, point))
  }
  const count = left.reduce((sum, { ref }) => sum + ref.versionCount, 0)
  const [before, after] = few.points.map((point) => new Set(modelAt(DAYS, point)))
  const written = [...(after ?? [])].filter((row) => !before?.has(row)).length
  // Records of point 3 that point 5 does not hold need a delete; those from 3 000 to 3 199 came back.
  const gone = [...(before ?? [])].filter((row) => /^(3[2-9]|4\d|5[0-4])\d\d\t/.test(row)).length
  expect(count).toBe((before?.size ?? 0) + written + gone)
}, 30_000)

test('large values stay where they lie', async () => {
  const vault = aVault()
  const long = 'x'.repeat(200_000)
  const first = await write(vault, 1, [scanText(schema, `1\tAda\t${long}\n2\tBob\t-\n`)])
  const second = await write(vault, 2, [scanText(schema, `1\tAda\t${long}y\n`)])
  const merged = await merge(vault, [first, second], {
    points: [1, 2],
    newestSeq: 2,
    outsideSeqMin: Number.MAX_VALUE,
  })
  const blobs = [...first, ...second].map(({ ref }) => ref.blobs?.name)
  expect(merged).toHaveLength(1)
  expect(merged[0]?.ref).toMatchObject({ blobs: null, seqs: { min: 1, max: 2 } })
  expect(merged[0]?.ref.borrowed.map(({ object }) => object).sort()).toEqual(blobs.sort())
  const options = { segments: merged, schemas, schema, rows: true, signal: vault.signal }
  const [batch] = await collect(readState(vault.readDeps, { ...options, asOf: atEntry(2) }))
  const rows = batch === undefined ? [] : await collect(toRowBatches(vault.readDeps, batch))
  const text = rows.map((one) => (one.kind === 'rows' ? Buffer.from(one.bytes).toString() : ''))
  expect(text.join('')).toBe(`1\tAda\t${long}y\n2\tBob\t-\n`)
})
