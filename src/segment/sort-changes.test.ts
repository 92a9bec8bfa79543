import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { sortChanges } from './sort-changes.ts'
import {
  type AVersion,
  aBatch,
  aSchema,
  listVersions,
  scanText,
} from './testing/segment-fixture.ts'
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

const sortAll = (batches: readonly VersionBatch[], memoryBytesMax: number) =>
  collect(
    sortChanges({ tempDir, random: systemRandom }, stream(batches), { memoryBytesMax, signal }),
  )

const changes = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 5 }),
    ordinal: fc.integer({ min: 1, max: 3 }),
    isDelete: fc.boolean(),
  }),
  { maxLength: 60 },
)

/** What each transaction left of each record, by key, the newest first. */
function modelOf(versions: readonly AVersion[]): AVersion[] {
  const left = new Map<string, AVersion>()
  for (const version of versions) {
    left.set(`${Buffer.from(version.key).toString('hex')} ${version.ordinal}`, version)
  }
  return [...left.values()].sort(
    (a, b) => Buffer.compare(a.key, b.key) || (b.ordinal ?? 0) - (a.ordinal ?? 0),
  )
}

test('sortChanges() leaves of each transaction what it told last, in memory and out of it', async () => {
  const limits = fc.constantFrom(1, 5_000, 1 << 20)
  await fc.assert(
    fc.asyncProperty(changes, fc.integer({ min: 1, max: 9 }), limits, async (told, size, limit) => {
      const versions = told.map(({ id, isDelete, ordinal }, i) => ({
        key: encodeKey([`${id}`], ['text']),
        row: isDelete ? null : `${id}\t${i}\n`,
        ordinal,
        digest: BigInt(i),
      }))
      const batches = Array.from({ length: Math.ceil(versions.length / size) }, (_, i) =>
        aBatch(versions.slice(i * size, (i + 1) * size)),
      )
      const sorted = await sortAll(batches, limit)
      expect(sorted.flatMap(listVersions)).toEqual(listVersions(aBatch(modelOf(versions))))
    }),
    { numRuns: 60 },
  )
})

test('sortChanges() keeps large values with their versions, and drops those of superseded ones', async () => {
  const schema = aSchema()
  const value = 'v'.repeat(70_000)
  const batches = [3, 1, 2, 1].map((id, i) => scanText(schema, `${id}\t${value}${i}\tx\n`))
  for (const limit of [1, 1 << 30]) {
    const sorted = await sortAll(structuredClone(batches), limit)
    const values = sorted.flatMap(({ count, large }) =>
      Array.from({ length: count }, (_, i) =>
        (large.get(i) ?? []).map((each) =>
          each.kind === 'bytes' ? Buffer.concat(each.parts).toString() : '',
        ),
      ),
    )
    expect(values).toEqual([3, 2, 0].map((i) => [`${value}${i}`]))
  }
})

test('sortChanges() takes no key for a digest that is to be numbered', async () => {
  const key = new Uint8Array(Buffer.from('00112233445566778800000000', 'hex').subarray(0, 12))
  const digest = Buffer.from(key).readBigUInt64BE()
  const versions = [1, 2].map((ordinal) => ({ key, row: 'x\n', digest, ordinal }))
  const sorted = await sortAll([aBatch(versions)], 1)
  expect(sorted.flatMap(listVersions)).toEqual(listVersions(aBatch(versions.toReversed())))
})

test('sortChanges() leaves no file behind when it is left', async () => {
  const batches = [5, 4, 3].map((id) => scanText(aSchema(), `${id}\ta\tb\n`))
  const deps = { tempDir, random: systemRandom }
  for await (const _ of sortChanges(deps, stream(batches), { memoryBytesMax: 1, signal })) break
  expect(await readdir(tempDir)).toEqual([])
})
