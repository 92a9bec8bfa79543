import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntityAt } from '#history/entity-at'
import { encodeKey } from '#record/key'
import { batchBytes } from '#record/row-batch'
import { atEntry } from '#record/stamp'
import { aSchema, aVault, digestKey } from '#segment/testing/segment-fixture'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { formatPreImage, readPreImage } from './pre-image.ts'
import type { RowSpool } from './row-spool.ts'
import { StepSpool } from './step-spool.ts'

const schema = aSchema()
const deps = {
  read: aVault().readDeps,
  digestKey,
  random: systemRandom,
  tempDir: tmpdir(),
  progress: () => {},
}
const counts = { schema: 1, generation: 1, rows: 0, inserted: 0, updated: 0, deleted: 0 }
const at: EntityAt = {
  facts: { entity: schema.entity, ...counts, fingerprint: null },
  schema,
  schemas: new Map([[1, schema]]),
  segments: [],
  asOf: atEntry(1),
}

const rowOf = (text: string) => ({ digest: 0n, row: new Uint8Array(Buffer.from(text)), large: [] })
const pairOf = (left: string | null, right: string | null) => ({
  key: encodeKey(['4'], ['integer']),
  left: left === null ? null : rowOf(left),
  right: right === null ? null : rowOf(right),
})

async function textOf(spool: RowSpool): Promise<string> {
  const batches = await collect(spool.read())
  expect(batches.every((batch) => batchBytes(batch) > 0)).toBe(true)
  return batches
    .flatMap((batch) => (batch.kind === 'rows' ? [batch.bytes] : batch.parts))
    .map((bytes) => Buffer.from(bytes).toString())
    .join('')
}

test('a pre-image says what is there and what will be, wherever it was cut', async () => {
  const { signal } = new AbortController()
  await using spool = new StepSpool(deps, at, { signal })
  const large = 'x'.repeat(1_500_000)
  await spool.append('insert', pairOf('1\ta\tnew\n', null), null)
  await spool.append('update', pairOf('2\tb\tx\n', '2\tc\ty\n'), null)
  await spool.append('update', pairOf('3\td\tx\n', '3\te\ty\n'), ['name'])
  await spool.append('delete', pairOf(null, `4\t${large}\t\\N\n`), null)
  const pieces = await collect(formatPreImage({ at, spool }))
  const bytes = Buffer.concat(pieces)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 5 }), async (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      async function* cut() {
        for (const [i, end] of ends.entries()) yield bytes.subarray(ends[i - 1] ?? 0, end)
      }
      await using read = await readPreImage(deps, cut())
      expect(read.schema).toEqual(schema)
      expect(await textOf(read.before)).toBe(`2\tc\ty\n3\te\ty\n4\t${large}\t\\N\n`)
      expect(await textOf(read.after)).toBe('2\tb\tx\n3\td\ty\n1\ta\tnew\n')
    }),
    { numRuns: 10 },
  )
})

test('a table that is created has a pre-image without rows', async () => {
  await using read = await readPreImage(deps, formatPreImage({ at, spool: null }))
  expect([read.schema, read.before.rowCount, read.after.rowCount]).toEqual([schema, 0, 0])
})

test.each([
  ['nothing', ''],
  ['no head', '{}\n'],
  ['a head of another format', '{"format":"holdfast pre-image 2"}\n'],
])('%s is no pre-image', async (_, text) => {
  async function* pieces() {
    yield Buffer.from(text)
  }
  const reading = readPreImage(deps, pieces())
  await expect(reading).rejects.toMatchObject({ code: 'restore.pre-image-invalid' })
})

test('a pre-image that lost its end, or a row, is refused', async () => {
  const { signal } = new AbortController()
  await using spool = new StepSpool(deps, at, { signal })
  await spool.append('update', pairOf('2\tb\tx\n', '2\tc\ty\n'), null)
  const bytes = Buffer.concat(await collect(formatPreImage({ at, spool })))
  for (const lost of [1, 7]) {
    async function* pieces() {
      yield bytes.subarray(0, bytes.length - lost)
    }
    const reading = readPreImage(deps, pieces())
    await expect(reading).rejects.toMatchObject({ code: 'restore.pre-image-invalid' })
  }
})
