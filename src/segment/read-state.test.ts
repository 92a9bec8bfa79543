import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry, LAST_ORDINAL, type Stamp } from '#record/stamp'
import { collect } from '#stdx/streams'
import { readState } from './read-state.ts'
import type { PlacedSegment } from './segment.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  listVersions,
  scanText,
  writeBatches,
} from './testing/segment-fixture.ts'

const schema = aSchema()
const schemas = new Map([[1, schema]])

async function readAll(
  vault: ReturnType<typeof aVault>,
  segments: readonly PlacedSegment[],
  asOf: Stamp,
  rows = true,
) {
  const options = { segments, schemas, schema, asOf, rows, signal: vault.signal }
  return (await collect(readState(vault.readDeps, options))).flatMap(listVersions)
}

test('readState() gives back what a snapshot wrote', async () => {
  const vault = aVault()
  const scanned = scanText(schema, '-5\tAda\t\\N\n1\tBob\t\n2\tÇem\ta\\tb\n')
  const [ref] = await writeBatches(vault, schema, [scanned])
  expect(ref).toMatchObject({ versionCount: 3, rowCount: 3, stamps: 'ordinal', blobs: null })
  const state = await readAll(vault, ref === undefined ? [] : [{ seq: 4, ref }], atEntry(4))
  expect(state).toEqual(listVersions(scanned).map((version) => ({ ...version, seq: 4 })))
})

type Step = { readonly id: number; readonly note: string | null }

const keyOf = (id: number) => encodeKey([String(id)], ['integer'])
const rowOf = ({ id, note }: Step) => (note === null ? null : `${id}\tname\t${note}\n`)
const aStep = fc.record({
  id: fc.integer({ min: -20, max: 20 }),
  note: fc.option(fc.stringMatching(/^[a-z]{0,9}$/)),
})

/** The newest version per key up to a moment, computed the slow way. */
function modelAt(commits: readonly (readonly Step[])[], { ordinal, seq }: Stamp) {
  const state = new Map<number, string | null>()
  const steps = commits.slice(0, Math.max(0, seq - 1)).flat()
  const last = commits[seq - 1]?.slice(0, ordinal) ?? []
  for (const step of [...steps, ...last]) state.set(step.id, rowOf(step))
  return [...state]
    .filter(([, row]) => row !== null)
    .sort(([a], [b]) => a - b)
    .map(([id, row]) => ({ key: Buffer.from(keyOf(id)).toString('hex'), row }))
}

/** One segment per commit: within it newest first, the ordinals counting its steps. */
function batchOf(commit: readonly Step[]) {
  const versions = commit.map((step, i): AVersion & { id: number } => ({
    id: step.id,
    key: keyOf(step.id),
    row: rowOf(step),
    ordinal: i + 1,
    digest: BigInt(i),
  }))
  versions.sort((a, b) => a.id - b.id || (b.ordinal ?? 0) - (a.ordinal ?? 0))
  return aBatch(versions)
}

test('readState() agrees with a map of versions after every entry, and every transaction in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(aStep), { maxLength: 6 }), async (commits) => {
      const vault = aVault()
      const segments: PlacedSegment[] = []
      for (const [i, commit] of commits.entries()) {
        const refs = await writeBatches(vault, schema, [batchOf(commit)])
        segments.push(...refs.map((ref) => ({ seq: i + 1, ref })))
      }
      const moments = commits.flatMap((commit, i) =>
        [commit.length >> 1, LAST_ORDINAL].map((ordinal) => ({ seq: i + 1, ordinal })),
      )
      for (const asOf of [atEntry(0), ...moments]) {
        const state = await readAll(vault, segments, asOf)
        expect(state.map(({ key, row }) => ({ key, row }))).toEqual(modelAt(commits, asOf))
        const keys = await readAll(vault, segments, asOf, false)
        expect(keys.map(({ key, digest }) => ({ key, digest }))).toEqual(
          state.map(({ key, digest }) => ({ key, digest })),
        )
      }
    }),
    { numRuns: 7 },
  )
})

test('readState() fills in fields that rows were written without', async () => {
  const vault = aVault()
  const narrow = aSchema({ fields: ['id', 'name'] })
  const wide = aSchema({
    fields: ['id', 'name', 'tier', 'note'],
    missing: { tier: 'basic', note: '\\N' },
    version: 2,
  })
  const first = await writeBatches(vault, narrow, [scanText(narrow, '1\tAda\n2\tBob\n3\tCem\n')])
  const second = await writeBatches(vault, wide, [scanText(wide, '2\tBob\tgold\thi\n')])
  const options = {
    segments: [...first.map((ref) => ({ seq: 1, ref })), ...second.map((ref) => ({ seq: 2, ref }))],
    schemas: new Map([
      [1, narrow],
      [2, wide],
    ]),
    rows: true,
    signal: vault.signal,
  }
  const at = async (seq: number, asked: typeof wide) => {
    const batches = readState(vault.readDeps, { ...options, asOf: atEntry(seq), schema: asked })
    return (await collect(batches)).flatMap(listVersions).map(({ row }) => row)
  }
  expect(await at(2, wide)).toEqual([
    '1\tAda\tbasic\t\\N\n',
    '2\tBob\tgold\thi\n',
    '3\tCem\tbasic\t\\N\n',
  ])
  expect(await at(1, narrow)).toEqual(['1\tAda\n', '2\tBob\n', '3\tCem\n'])
})

test('a row that lacks only missing values has the digest of the shorter row', () => {
  const narrow = aSchema({ fields: ['id', 'name'] })
  const wide = aSchema({
    fields: ['id', 'name', 'tier', 'note'],
    missing: { tier: 'basic', note: '\\N' },
  })
  const before = scanText(narrow, '1\tAda\n2\tBob\n').digests
  const after = scanText(wide, '1\tAda\tbasic\t\\N\n2\tBob\tbasic\thi\n').digests
  expect(after[0]).toBe(before[0])
  expect(after[1]).not.toBe(before[1])
})

test('readState() refuses rows of another layout, unless only keys are asked for', async () => {
  const vault = aVault()
  const refs = await writeBatches(vault, schema, [scanText(schema, '1\ta\tb\n')])
  const asked = aSchema({ layout: 2, version: 2 })
  const options = {
    segments: refs.map((ref) => ({ seq: 1, ref })),
    schemas: new Map([
      [1, schema],
      [2, asked],
    ]),
    schema: asked,
    asOf: atEntry(1),
    signal: vault.signal,
  }
  const rows = collect(readState(vault.readDeps, { ...options, rows: true }))
  await expect(rows).rejects.toMatchObject({ code: 'segment.damaged' })
  expect(await collect(readState(vault.captureDeps, { ...options, rows: false }))).toHaveLength(1)
})

test.each([
  ['a field without a value for older rows', aSchema({ fields: ['id', 'name', 'note', 'tier'] })],
  [
    'another field in the place of one',
    { ...schema, fields: schema.fields.map((field) => ({ ...field, id: field.id + 1 })) },
  ],
])('readState() refuses to give rows in a schema with %s', async (_, asked) => {
  const vault = aVault()
  const refs = await writeBatches(vault, schema, [scanText(schema, '1\ta\tb\n')])
  const segments = refs.map((ref) => ({ seq: 1, ref }))
  const options = { segments, schemas, schema: asked, asOf: atEntry(1), signal: vault.signal }
  const rows = collect(readState(vault.readDeps, { ...options, rows: true }))
  await expect(rows).rejects.toMatchObject({ code: 'segment.damaged' })
})

test('readState() with the capture key gives keys and refuses rows', async () => {
  const vault = aVault()
  const refs = await writeBatches(vault, schema, [scanText(schema, '1\ta\tb\n')])
  const segments = refs.map((ref) => ({ seq: 1, ref }))
  const options = { segments, schemas, schema, asOf: atEntry(1), signal: vault.signal }
  expect(await collect(readState(vault.captureDeps, { ...options, rows: false }))).toHaveLength(1)
  const rows = collect(readState(vault.captureDeps, { ...options, rows: true }))
  await expect(rows).rejects.toMatchObject({ code: 'segment.missing-key' })
})

test('readState() leaves segments of other generations out', async () => {
  const vault = aVault()
  const old = aSchema({ generation: 1 })
  const refs = await writeBatches(vault, old, [scanText(old, '1\ta\tb\n')])
  const asked = aSchema({ generation: 2, version: 2 })
  const options = {
    segments: refs.map((ref) => ({ seq: 1, ref })),
    schemas: new Map([[2, asked]]),
    schema: asked,
    asOf: atEntry(9),
    rows: true,
    signal: vault.signal,
  }
  expect(await collect(readState(vault.readDeps, options))).toEqual([])
})

test('readState() reads only blocks that may hold what is looked for', async () => {
  const vault = aVault()
  const [low] = await writeBatches(vault, schema, [scanText(schema, '1\tAda\t\n3\tBob\t\n')])
  const [high] = await writeBatches(vault, schema, [scanText(schema, '3\tNew\t\n9\tEve\t\n')])
  const segments = [low, high].flatMap((ref, i) => (ref === undefined ? [] : [{ seq: i + 1, ref }]))
  const look = async (id: number) => {
    const key = keyOf(id)
    const mayHold = (first: Uint8Array, last: Uint8Array) =>
      Buffer.compare(first, key) <= 0 && Buffer.compare(key, last) <= 0
    const options = { segments, schemas, schema, asOf: atEntry(2), rows: true, mayHold }
    const batches = await collect(readState(vault.readDeps, { ...options, signal: vault.signal }))
    return batches.flatMap(listVersions).map(({ row }) => row)
  }
  expect(await look(1)).toEqual(['1\tAda\t\n', '3\tBob\t\n'])
  expect(await look(3)).toEqual(['1\tAda\t\n', '3\tNew\t\n', '9\tEve\t\n'])
  expect(await look(12)).toEqual([])
})
