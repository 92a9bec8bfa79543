import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry, isUpTo, type Stamp } from '#record/stamp'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { checkSegment } from './check-segment.ts'
import { findVersions } from './find-versions.ts'
import { mergeSegments } from './merge-segments.ts'
import { readTouched } from './read-changes.ts'
import { readState } from './read-state.ts'
import { openChangeScanner } from './scan-changes.ts'
import type { PlacedSegment } from './segment.ts'
import { sortChanges } from './sort-changes.ts'
import {
  aSchema,
  aVault,
  digestKey,
  listVersions,
  type Vault,
  writeBatches,
} from './testing/segment-fixture.ts'
import { OP_DELETE, type VersionBatch } from './version-batch.ts'

const schema = aSchema({ fields: ['id', 'text'] })
const schemas = new Map([[1, schema]])
let tempDir = ''
beforeAll(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'holdfast-sort-'))
})
afterAll(() => rm(tempDir, { recursive: true }))

const INSERT = 1
const UPDATE = 2
const DELETE = 3

type Change = { readonly op: number; readonly row: string }
/** Texts by id. */
type State = ReadonlyMap<number, string>
type Moment = { readonly stamp: Stamp; readonly state: State }

/** A life of few records: entries of transactions, each with what it tells; and what was there after each. */
class Life {
  readonly moments: Moment[] = []
  readonly entries: (readonly (readonly Change[])[])[] = []

  constructor(entries: readonly (readonly (readonly Step[])[])[]) {
    const state = new Map<number, string>()
    for (const [e, transactions] of entries.entries()) {
      const told: Change[][] = []
      for (const [t, steps] of transactions.entries()) {
        told.push(steps.flatMap((step) => tellStep(state, step)))
        this.moments.push({ stamp: { seq: e + 1, ordinal: t + 1 }, state: new Map(state) })
      }
      this.moments.push({ stamp: atEntry(e + 1), state: new Map(state) })
      this.entries.push(told)
    }
  }

  ofEntries(seqs: ReadonlySet<number>): Moment[] {
    return this.moments.filter(({ stamp }) => seqs.has(stamp.seq))
  }
}

type Step = { readonly id: number; readonly to: number; readonly text: string | null }

/** What a source tells of a write, as there is a record of that id or not. */
function tellStep(state: Map<number, string>, { id, text, to }: Step): Change[] {
  const isThere = state.has(id)
  if (text === null && !isThere) return []
  if (text === null) {
    state.delete(id)
    return [{ op: DELETE, row: `${id}\n` }]
  }
  if (isThere && to !== id && !state.has(to)) {
    state.delete(id)
    state.set(to, text)
    return [
      { op: DELETE, row: `${id}\n` },
      { op: INSERT, row: `${text}\t${to}\n` },
    ]
  }
  state.set(id, text)
  return [{ op: isThere ? UPDATE : INSERT, row: `${text}\t${id}\n` }]
}

const step = fc.record({
  id: fc.integer({ min: -2, max: 3 }),
  to: fc.integer({ min: -2, max: 3 }),
  text: fc.option(fc.stringMatching(/^[a-z]{0,3}$/)),
})
const lives = fc
  .array(fc.array(fc.array(step, { maxLength: 5 }), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((entries) => new Life(entries))

const scanner = openChangeScanner(schema, digestKey)

function scanChanges(changes: readonly Change[], ordinal: number): VersionBatch {
  const texts = changes.map(({ row }) => new TextEncoder().encode(row))
  let at = 0
  const ends = Uint32Array.from(texts, (text) => (at += text.length))
  const bytes = new Uint8Array(Buffer.concat(texts))
  const told = {
    fields: ['text', 'id'],
    key: ['id'],
    ops: Uint8Array.from(changes, ({ op }) => op),
    rows: { kind: 'rows' as const, bytes, ends },
    unchanged: new Map(),
  }
  return scanner.scan(told, ordinal).batch
}

async function writeLife(vault: Vault, { entries }: Life, memoryBytesMax: number) {
  const segments: PlacedSegment[][] = []
  for (const [e, transactions] of entries.entries()) {
    async function* told() {
      for (const [t, changes] of transactions.entries()) yield scanChanges(changes, t + 1)
    }
    const deps = { tempDir, random: systemRandom }
    const options = { memoryBytesMax, signal: vault.signal }
    const sorted = await collect(sortChanges(deps, told(), options))
    const refs = await writeBatches(vault, schema, sorted)
    segments.push(refs.map((ref) => ({ seq: e + 1, ref })))
  }
  return segments
}

const keyOf = (id: number) => encodeKey([String(id)], ['integer'])
const rowsOf = (state: State) =>
  [...state].sort(([a], [b]) => a - b).map(([id, text]) => `${id}\t${text}\n`)

async function expectMoments(
  vault: Vault,
  segments: readonly PlacedSegment[],
  moments: readonly Moment[],
): Promise<void> {
  const { readDeps, signal } = vault
  const found = { segments, schemas, signal }
  for (const { stamp, state } of moments) {
    const options = { ...found, schema, asOf: stamp, rows: true }
    const batches = await collect(readState(readDeps, options))
    const rows = batches.flatMap(listVersions).map(({ row }) => row)
    expect([stamp, rows]).toEqual([stamp, rowsOf(state)])
  }
  for (let id = -2; id <= 3; id++) {
    const versions = await findVersions(readDeps, { ...found, key: keyOf(id) })
    for (const { stamp, state } of moments) {
      const version = versions.find(({ ordinal, seq }) => isUpTo(stamp, seq, ordinal))
      const text = version === undefined || version.op === OP_DELETE ? undefined : version.fields[1]
      expect([stamp, id, text]).toEqual([stamp, id, state.get(id)])
    }
  }
}

/** Between moments near each other and from each to the last, which records differ and what they were. */
async function expectTouched(
  vault: Vault,
  segments: readonly PlacedSegment[],
  moments: readonly Moment[],
): Promise<void> {
  for (const [i, from] of moments.entries()) {
    for (const to of [...moments.slice(i, i + 3), ...moments.slice(-1)]) {
      const touched = readTouched(vault.readDeps, {
        segments,
        schemas,
        from: from.stamp,
        to: to.stamp,
        fromSchema: schema,
        toSchema: schema,
        rows: true,
        signal: vault.signal,
      })
      const pairs: unknown[] = []
      for await (const { after, before } of touched) {
        const older = listVersions(before)
        for (const [n, { key, row }] of listVersions(after).entries()) {
          pairs.push([key, older[n]?.row, row])
        }
      }
      const rowAt = ({ state }: Moment, id: number) => {
        const text = state.get(id)
        return text === undefined ? '' : `${id}\t${text}\n`
      }
      const expected = [-2, -1, 0, 1, 2, 3].flatMap((id) => {
        const [before, after] = [rowAt(from, id), rowAt(to, id)]
        return before === after ? [] : [[Buffer.from(keyOf(id)).toString('hex'), before, after]]
      })
      expect(pairs).toEqual(expected)
    }
  }
}

async function expectSound(vault: Vault, segments: readonly PlacedSegment[]): Promise<void> {
  const options = { schemas, depth: 'decoded', digestKey, signal: vault.signal } as const
  for (const one of segments) expect(await checkSegment(vault.readDeps, one, options)).toEqual([])
}

test('a state, a difference and a record are right as of every transaction', async () => {
  const limits = fc.constantFrom(1, 1 << 20)
  await fc.assert(
    fc.asyncProperty(lives, limits, async (life, limit) => {
      const vault = aVault()
      const segments = (await writeLife(vault, life, limit)).flat()
      await expectSound(vault, segments)
      await expectMoments(vault, segments, life.moments)
      await expectTouched(vault, segments, life.moments)
    }),
    { numRuns: 10 },
  )
}, 30_000)

let merges = 0

async function merge(vault: Vault, runs: readonly PlacedSegment[][], points: readonly number[]) {
  let number = 0
  merges += 1
  const { segments } = await mergeSegments(
    { read: vault.readDeps, write: vault.writeDeps },
    {
      runs,
      schemas,
      kept: { points, newestSeq: 5, outsideSeqMin: Number.MAX_SAFE_INTEGER },
      digestKey,
      source: 'erp',
      session: `merged${merges}`,
      allocateNumber: () => ++number,
      signal: vault.signal,
    },
  )
  return segments.map((ref) => ({ seq: 9, ref }))
}

test('a merge keeps every transaction of the points that it keeps, and one more does', async () => {
  const points = fc.subarray([1, 2, 3, 4, 5])
  await fc.assert(
    fc.asyncProperty(lives, points, points, async (life, first, second) => {
      const vault = aVault()
      const runs = (await writeLife(vault, life, 1 << 20)).filter((run) => run.length > 0)
      const merged = await merge(vault, runs, first)
      await expectSound(vault, merged)
      const kept = life.ofEntries(new Set(first))
      await expectMoments(vault, merged, kept)
      await expectTouched(vault, merged, kept)
      const fewer = first.filter((seq) => second.includes(seq))
      const again = merged.length > 0 ? await merge(vault, [merged], fewer) : []
      await expectMoments(vault, again, life.ofEntries(new Set(fewer)))
    }),
    { numRuns: 15 },
  )
}, 30_000)

test('a merge keeps nothing of a record that came and went between kept points', async () => {
  const there = { id: 1, to: 1, text: 'a' }
  const gone = { id: 1, to: 1, text: null }
  // In one transaction, in two of one entry, in two entries.
  const life = new Life([
    [[{ ...there, id: 0, to: 0 }]],
    [[there, gone]],
    [[there], [gone]],
    [[there]],
    [[gone]],
  ])
  const vault = aVault()
  const runs = await writeLife(vault, life, 1 << 20)
  expect(runs.flat().map(({ ref }) => ref.versionCount)).toEqual([1, 1, 2, 1, 1])
  const [merged] = await merge(vault, runs, [1, 5])
  expect(merged?.ref).toMatchObject({ versionCount: 1, rowCount: 1 })
})

test('a record that was changed more often than a block has room for is read at any transaction', async () => {
  const count = 140_000
  const changes = Array.from({ length: count }, (_, i) => ({
    op: i === 0 ? INSERT : UPDATE,
    row: `${i + 1}\t2\n`,
  }))
  const hot = scanChanges(changes, 1)
  for (let i = 0; i < count; i++) hot.ordinals[i] = i + 1
  const others = [1, 3].map((id) => scanChanges([{ op: INSERT, row: `x\t${id}\n` }], 70_000))
  async function* told() {
    yield* [hot, ...others]
  }
  const vault = aVault()
  const { readDeps, signal } = vault
  const deps = { tempDir, random: systemRandom }
  const sorted = await collect(sortChanges(deps, told(), { memoryBytesMax: 1 << 30, signal }))
  const segments = (await writeBatches(vault, schema, sorted)).map((ref) => ({ seq: 4, ref }))
  const momentAt = (ordinal: number): Moment => {
    const state = ordinal < 70_000 ? [] : [1, 3].map((id): [number, string] => [id, 'x'])
    return { stamp: { seq: 4, ordinal }, state: new Map([...state, [2, `${ordinal}`]]) }
  }
  const moments = [1, 69_999, 70_000, 74_465, 139_999, count].map(momentAt)
  await expectMoments(vault, segments, moments)
  await expectTouched(vault, segments, moments)
  const versions = await findVersions(readDeps, { segments, schemas, key: keyOf(2), signal })
  expect(versions.map(({ ordinal }) => ordinal)).toEqual(changes.map((_, i) => count - i))
  const merged = await merge(vault, [segments], [4])
  await expectMoments(vault, merged, moments)
}, 30_000)
