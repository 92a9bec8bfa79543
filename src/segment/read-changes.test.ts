import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { collect } from '#stdx/streams'
import { findVersions } from './find-versions.ts'
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

async function writeCommits(commits: readonly Commit[]) {
  const vault = aVault()
  const segments: PlacedSegment[] = []
  for (const [i, commit] of commits.entries()) {
    const versions = [...commit]
      .sort(([a], [b]) => a - b)
      .map(([id, note]) => ({
        key: keyOf(id),
        row: rowOf(id, note) || null,
        digest: digestOf(note),
      }))
    const refs = await writeBatches(vault, schema, [aBatch(versions)])
    segments.push(...refs.map((ref) => ({ seq: i + 1, ref })))
  }
  return { vault, segments }
}

/** The newest version of a record up to a point. */
function versionAt(commits: readonly Commit[], id: number, seq: number) {
  const at = commits.slice(0, seq).findLastIndex((commit) => commit.has(id))
  const note = commits[at]?.get(id) ?? null
  return { key: hexOf(id), seq: at + 1, row: rowOf(id, note) }
}

test('readTouched() gives both sides of every record that a map of versions says', async () => {
  const points = fc.tuple(fc.nat(7), fc.nat(7))
  await fc.assert(
    fc.asyncProperty(fc.array(aCommit, { maxLength: 7 }), points, async (commits, [a, b]) => {
      const { vault, segments } = await writeCommits(commits)
      const [fromSeq, toSeq] = [Math.min(a, b), Math.max(a, b)]
      const touched = commits.slice(fromSeq, toSeq).flatMap((commit) => [...commit.keys()])
      const ids = [...new Set(touched)]
        .sort((x, y) => x - y)
        .filter((id) => versionAt(commits, id, fromSeq).row !== versionAt(commits, id, toSeq).row)
      for (const rows of [true, false]) {
        const options = { segments, schemas, fromSeq, toSeq, rows, signal: vault.signal }
        const sides = { fromSchema: schema, toSchema: schema }
        const batches = await collect(readTouched(vault.readDeps, { ...options, ...sides }))
        for (const [side, seq] of [
          ['before', fromSeq],
          ['after', toSeq],
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

test('findVersions() gives all versions of a record, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aCommit, { maxLength: 6 }), async (commits) => {
      const { vault, segments } = await writeCommits(commits)
      for (const id of [-20, -1, 0, 7, 20]) {
        const options = { segments, schemas, key: keyOf(id), signal: vault.signal }
        const found = await findVersions(vault.readDeps, options)
        const expected = commits.flatMap((commit, i) => {
          const note = commit.get(id)
          if (note === undefined) return []
          const fields = note === null ? [] : [String(id), 'x', note]
          return [{ seq: i + 1, ordinal: 1, op: note === null ? 1 : 0, fields }]
        })
        expect(found.map(({ seq, ordinal, op, fields }) => ({ seq, ordinal, op, fields }))).toEqual(
          expected.reverse(),
        )
      }
    }),
    { numRuns: 8 },
  )
})
