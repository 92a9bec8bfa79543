import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry, LAST_ORDINAL } from '#record/stamp'
import { collect } from '#stdx/streams'
import { entryOf } from './columns.ts'
import { readState } from './read-state.ts'
import { readVersions } from './read-versions.ts'
import type { PlacedSegment } from './segment.ts'
import { StateFinder } from './state-finder.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  listVersions,
  writeBatches,
} from './testing/segment-fixture.ts'

const schema = aSchema({
  key: { kind: 'fields', fieldIds: [1, 2], encodings: ['integer', 'text'] },
})
const schemas = new Map([[1, schema]])

type Step = { readonly id: number; readonly part: string; readonly note: string | null }

const aStep = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  part: fc.constantFrom('', 'a', 'b'),
  note: fc.option(fc.stringMatching(/^[a-z]{0,9}$/)),
})

/** One segment per commit: within it newest first, the ordinals counting its steps. */
function batchOf(commit: readonly Step[]) {
  const versions = commit.map(({ id, note, part }, i): AVersion => {
    const key = encodeKey([String(id), part], ['integer', 'text'])
    const row = note === null ? null : `${id}\t${part}\t${note}\n`
    return { key, row, ordinal: i + 1, digest: BigInt(i) }
  })
  versions.sort((a, b) => Buffer.compare(a.key, b.key) || (b.ordinal ?? 0) - (a.ordinal ?? 0))
  return aBatch(versions)
}

async function write(vault: ReturnType<typeof aVault>, commits: readonly (readonly Step[])[]) {
  const segments: PlacedSegment[] = []
  for (const [i, commit] of commits.entries()) {
    const refs = await writeBatches(vault, schema, [batchOf(commit)])
    segments.push(...refs.map((ref) => ({ seq: i + 1, ref })))
  }
  return segments
}

test('StateFinder finds what reading everything finds, by whole keys and by how they begin', async () => {
  const commits = fc.array(fc.array(aStep, { maxLength: 9 }), { maxLength: 5 })
  const starts = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(commits, starts, fc.boolean(), async (commits, ids, isWhole) => {
      const vault = aVault()
      const { readDeps, signal } = vault
      const segments = await write(vault, commits)
      const finder = new StateFinder(readDeps)
      const wanted = ids
        .map((id) =>
          isWhole
            ? encodeKey([String(id), 'a'], ['integer', 'text'])
            : encodeKey([String(id)], ['integer']),
        )
        .sort(Buffer.compare)
      const moments = commits.flatMap((commit, i) =>
        [commit.length >> 1, LAST_ORDINAL].map((ordinal) => ({ seq: i + 1, ordinal })),
      )
      for (const asOf of moments) {
        const at = { segments, schemas, schema, asOf, signal }
        const all = await collect(readState(readDeps, { ...at, rows: true }))
        const expected = all.flatMap(listVersions).filter(({ key }) => {
          return wanted.some((start) => key.startsWith(Buffer.from(start).toString('hex')))
        })
        const found = await finder.find({ ...at, starts: wanted, versionsMax: 100 })
        const told = found?.map(({ key, row }) => ({
          key: Buffer.from(key).toString('hex'),
          row: Buffer.from(row).toString(),
        }))
        expect(told).toEqual(expected.map(({ key, row }) => ({ key, row })))
      }
    }),
    { numRuns: 12 },
  )
})

test('StateFinder gives nothing of more versions than it may hold', async () => {
  const vault = aVault()
  const steps = [1, 2, 3].map((id) => ({ id, part: 'a', note: 'x' }))
  const segments = await write(vault, [steps])
  const starts = [1, 2, 3].map((id) => encodeKey([String(id)], ['integer']))
  const at = { segments, schemas, schema, asOf: atEntry(1), starts, signal: vault.signal }
  const finder = new StateFinder(vault.readDeps)
  expect(await finder.find({ ...at, versionsMax: 2 })).toBeUndefined()
  expect(await finder.find({ ...at, versionsMax: 3 })).toHaveLength(3)
})

test('keysAt() gives the keys of versions as readVersions() counts them, deletes included', async () => {
  const vault = aVault()
  const commit = Array.from({ length: 20 }, (_, i) => ({
    id: 1 + (i % 7),
    part: 'a',
    note: i % 3 === 0 ? null : `note ${i}`,
  }))
  const [placed] = await write(vault, [commit])
  if (placed === undefined) throw new Error('A segment was written.')
  const { readDeps, signal } = vault
  const batches = await collect(readVersions(readDeps, placed, { schema, schemas, signal }))
  const all = batches.flatMap(({ count, keys, rows }) =>
    Array.from({ length: count }, (_, i) => ({
      key: Buffer.from(entryOf(keys, i)).toString('hex'),
      isDelete: rows === null || entryOf(rows, i).length === 0,
    })),
  )
  expect(all).toHaveLength(20)
  expect(all.filter(({ isDelete }) => isDelete)).toHaveLength(7)
  const keys = await new StateFinder(readDeps).keysAt(placed, [0, 3, 19, 20], signal)
  expect(keys.map((key) => Buffer.from(key).toString('hex'))).toEqual(
    [0, 3, 19].map((number) => all[number]?.key),
  )
})
