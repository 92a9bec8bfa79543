import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import type { Stamp } from '#record/stamp'
import { collect } from '#stdx/streams'
import { findVersionsOfAll } from './find-versions.ts'
import { readTouched } from './read-changes.ts'
import type { PlacedSegment } from './segment.ts'
import { aBatch, aSchema, aVault, listVersions, writeBatches } from './testing/segment-fixture.ts'

const schema = aSchema()
const schemas = new Map([[1, schema]])
const keyOf = (id: number) => encodeKey([String(id)], ['integer'])
const hexOf = (id: number) => Buffer.from(keyOf(id)).toString('hex')

type Commit = ReadonlyMap<number, string | null>

const aCommit: fc.Arbitrary<Commit> = fc
  .array(
    fc.tuple(fc.integer({ min: -20, max: 20 }), fc.option(fc.stringMatching(/^[a-z]{0,6}$/))),
    { maxLength: 25 },
  )
  .map((pairs) => new Map(pairs))

const rowOf = (id: number, note: string | null) => (note === null ? '' : `${id}\tx\t${note}\n`)

const digestOf = (note: string | null) => BigInt(`0x${Buffer.from(`1${note}`).toString('hex')}`)

/** Commits share an entry, three as its transactions. */
function stampOf(commit: number): Stamp {
  return { seq: Math.ceil(commit / 3), ordinal: ((commit + 2) % 3) + 1 }
}

async function writeCommits(commits: readonly Commit[]) {
  const vault = aVault()
  const segments: PlacedSegment[] = []
  const entries = Map.groupBy(commits.entries(), ([i]) => stampOf(i + 1).seq)
  for (const [seq, members] of entries) {
    const versions = members
      .flatMap(([i, commit]) => [...commit].map(([id, note]) => ({ id, note, ...stampOf(i + 1) })))
      .sort((a, b) => a.id - b.id || b.ordinal - a.ordinal)
      .map(({ id, note, ordinal }) => ({
        key: keyOf(id),
        row: rowOf(id, note) || null,
        digest: digestOf(note),
        ordinal,
      }))
    const refs = await writeBatches(vault, schema, [aBatch(versions)])
    segments.push(...refs.map((ref) => ({ seq, ref })))
  }
  return { vault, segments }
}

/** The newest version of a record up to a commit. */
function versionAt(commits: readonly Commit[], id: number, commit: number) {
  const at = commits.slice(0, commit).findLastIndex((one) => one.has(id))
  const note = commits[at]?.get(id) ?? null
  return { key: hexOf(id), seq: at < 0 ? 0 : stampOf(at + 1).seq, row: rowOf(id, note) }
}

test('readTouched() gives both sides of every record that a map of versions says', async () => {
  const points = fc.tuple(fc.nat(12), fc.nat(12))
  await fc.assert(
    fc.asyncProperty(fc.array(aCommit, { maxLength: 12 }), points, async (commits, [a, b]) => {
      const { vault, segments } = await writeCommits(commits)
      const [earlier, later] = [Math.min(a, b), Math.max(a, b)]
      const touched = commits.slice(earlier, later).flatMap((commit) => [...commit.keys()])
      const ids = [...new Set(touched)]
        .sort((x, y) => x - y)
        .filter((id) => versionAt(commits, id, earlier).row !== versionAt(commits, id, later).row)
      for (const rows of [true, false]) {
        const [from, to] = [stampOf(earlier), stampOf(later)]
        const options = { segments, schemas, from, to, rows, signal: vault.signal }
        const sides = { fromSchema: schema, toSchema: schema }
        const batches = await collect(readTouched(vault.readDeps, { ...options, ...sides }))
        for (const [side, seq] of [
          ['before', earlier],
          ['after', later],
        ] as const) {
          const found = batches
            .flatMap((batch) => listVersions(batch[side]))
            .map((version) => ({ key: version.key, seq: version.seq, row: version.row }))
          expect(found).toEqual(
            ids.map((id) => {
              const version = versionAt(commits, id, seq)
              return rows ? version : { ...version, row: null }
            }),
          )
        }
      }
    }),
    { numRuns: 15 },
  )
})

test('findVersionsOfAll() gives all versions of each record, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aCommit, { maxLength: 9 }), async (commits) => {
      const { vault, segments } = await writeCommits(commits)
      // In no order, one twice, some in the same block.
      const ids = [7, -20, 8, 20, -1, 0, 1, 7, 2]
      const options = { segments, schemas, keys: ids.map(keyOf), signal: vault.signal }
      const all = await findVersionsOfAll(vault.readDeps, options)
      expect(all).toHaveLength(ids.length)
      for (const [i, id] of ids.entries()) {
        const found = all[i] ?? []
        const expected = commits.flatMap((commit, c) => {
          const note = commit.get(id)
          if (note === undefined) return []
          const fields = note === null ? [] : [String(id), 'x', note]
          return [{ ...stampOf(c + 1), op: note === null ? 1 : 0, fields }]
        })
        expect(found.map(({ seq, ordinal, op, fields }) => ({ seq, ordinal, op, fields }))).toEqual(
          expected.reverse(),
        )
      }
    }),
    { numRuns: 8 },
  )
})
