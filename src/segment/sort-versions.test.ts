import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeDigestKey, encodeKey } from '#record/key'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { sortVersions } from './sort-versions.ts'
import { aBatch, aSchema, listVersions, scanText } from './testing/segment-fixture.ts'
import type { VersionBatch } from './version-batch.ts'

const signal = new AbortController().signal
let tempDir = ''
beforeAll(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'holdfast-sort-'))
})
afterAll(() => rm(tempDir, { recursive: true }))

async function* stream(batches: readonly VersionBatch[]) {
  yield* batches
}

const sortAll = async (batches: readonly VersionBatch[], memoryBytesMax: number) => {
  const deps = { tempDir, random: systemRandom }
  const sorted = await collect(sortVersions(deps, stream(batches), { memoryBytesMax, signal }))
  return sorted.flatMap(listVersions)
}

test('sortVersions() sorts as a list does, in memory and out of it', async () => {
  const keys = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 40 })
  const limits = fc.constantFrom(1, 1_000, 1 << 20)
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 9 }), limits, async (texts, size, limit) => {
      const versions = texts.map((text, i) => ({
        key: encodeKey([text], ['text']),
        row: `${i}\tx\n`,
        digest: BigInt(i),
      }))
      const batches = Array.from({ length: Math.ceil(versions.length / size) }, (_, i) =>
        aBatch(versions.slice(i * size, (i + 1) * size)),
      )
      const expected = versions.toSorted((a, b) => Buffer.compare(a.key, b.key))
      expect(await sortAll(batches, limit)).toEqual(listVersions(aBatch(expected)))
    }),
    { numRuns: 15 },
  )
})

test('sortVersions() numbers rows that nothing tells apart, in every way of cutting them', async () => {
  const schema = aSchema({ fields: ['a'], key: { kind: 'digest' } })
  const rows = ['x', 'y', 'x', 'z', 'x', 'y']
  const digest = (row: string) => scanText(schema, `${row}\n`).digests[0] ?? 0n
  const keyOf = (row: string, occurrence: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(digest(row))
    return Buffer.from(encodeDigestKey(bytes, occurrence)).toString('hex')
  }
  const expected = [
    [keyOf('x', 0), 'x\n'],
    [keyOf('x', 1), 'x\n'],
    [keyOf('x', 2), 'x\n'],
    [keyOf('y', 0), 'y\n'],
    [keyOf('y', 1), 'y\n'],
    [keyOf('z', 0), 'z\n'],
  ].sort()
  for (const limit of [1, 100, 1 << 20]) {
    const batches = rows.map((row) => scanText(schema, `${row}\n`))
    const sorted = await sortAll(batches, limit)
    expect(sorted.map(({ key, row }) => [key, row])).toEqual(expected)
  }
})

test('sortVersions() keeps large values with their versions', async () => {
  const schema = aSchema()
  const value = 'v'.repeat(70_000)
  const batches = [3, 1, 2].map((id) => scanText(schema, `${id}\t${value}${id}\t${value}\n`))
  const deps = { tempDir, random: systemRandom }
  const sorted = await collect(sortVersions(deps, stream(batches), { memoryBytesMax: 1, signal }))
  const values = sorted.flatMap(({ large, count }) =>
    Array.from({ length: count }, (_, i) =>
      (large.get(i) ?? []).map((each) =>
        each.kind === 'bytes' ? Buffer.concat(each.parts).toString() : '',
      ),
    ),
  )
  expect(values).toEqual([1, 2, 3].map((id) => [`${value}${id}`, value]))
})

test('sortVersions() leaves no file behind, whether it ends or is left', async () => {
  const schema = aSchema()
  const batches = [5, 4, 3].map((id) => scanText(schema, `${id}\ta\tb\n`))
  const deps = { tempDir, random: systemRandom }
  for await (const _ of sortVersions(deps, stream(batches), { memoryBytesMax: 1, signal })) break
  expect(await readdir(tempDir)).toEqual([])
})

test('sortVersions() merges more runs than it opens at a time', async () => {
  const schema = aSchema()
  const ids = Array.from({ length: 100 }, (_, i) => (i * 37) % 101)
  const batches = ids.map((id) => scanText(schema, `${id}\ta\tb\n`))
  const sorted = await sortAll(batches, 1)
  const expected = ids.toSorted((a, b) => a - b).map((id) => `${id}\ta\tb\n`)
  expect(sorted.map(({ row }) => row)).toEqual(expected)
})
