import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry, LAST_ORDINAL } from '#record/stamp'
import { collect } from '#stdx/streams'
import { entryOf } from './columns.ts'
import { readState } from './read-state.ts'
import { readVersions } from './read-versions.ts'
import type { PlacedSegment } from './segment.ts'
import { StateFinder, type VersionsOf } from './state-finder.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  listVersions,
  writeBatches,
} from './testing/segment-fixture.ts'
import type { VersionBatch } from './version-batch.ts'

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

test('findOf() finds what stands of some versions, and never another state', async () => {
  const commits = fc.array(fc.array(aStep, { maxLength: 9 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(commits, fc.array(fc.nat(8)), async (commits, picked) => {
      const vault = aVault()
      const { readDeps, signal } = vault
      const segments = await write(vault, commits)
      const candidates: VersionsOf[] = []
      const stamps = new Set<string>()
      for (const placed of segments) {
        const read = readVersions(readDeps, placed, { schema, schemas, signal })
        const versions = (await collect(read)).flatMap((batch) =>
          Array.from({ length: batch.count }, (_, i) => nameOf(batch, i)),
        )
        const numbers = versions.flatMap((_, i) => (picked.includes(i) ? i : []))
        for (const number of numbers) stamps.add(versions[number] ?? '')
        candidates.push({ placed, numbers })
      }
      const moments = commits.flatMap((commit, i) =>
        [commit.length >> 1, LAST_ORDINAL].map((ordinal) => ({ seq: i + 1, ordinal })),
      )
      const finder = new StateFinder(readDeps)
      for (const asOf of moments) {
        const at = { segments, schemas, schema, asOf, signal }
        const batches = await collect(readState(readDeps, { ...at, rows: true }))
        const state = new Map<string, string>()
        const wanted: string[] = []
        for (const batch of batches) {
          for (const [i, { key, row }] of listVersions(batch).entries()) {
            state.set(key, row ?? '')
            if (stamps.has(nameOf(batch, i))) wanted.push(key)
          }
        }
        const found = (await finder.findOf(at, candidates)).map(({ key, row }) => {
          return [Buffer.from(key).toString('hex'), Buffer.from(row).toString()] as const
        })
        for (const [key, row] of found) expect(state.get(key)).toBe(row)
        const keys = found.map(([key]) => key)
        expect(keys).toEqual(keys.toSorted())
        expect(keys).toEqual(expect.arrayContaining(wanted))
      }
    }),
    { numRuns: 12 },
  )
})

function nameOf({ keys, ordinals, seqs }: VersionBatch, index: number): string {
  const key = Buffer.from(entryOf(keys, index)).toString('hex')
  return `${key} ${seqs[index]} ${ordinals[index]}`
}
