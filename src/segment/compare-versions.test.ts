import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import type { ChangeBatch, ScanTotals } from './changes.ts'
import { compareVersions } from './compare-versions.ts'
import { aBatch, aSchema, listVersions, scanText } from './testing/segment-fixture.ts'
import type { VersionBatch } from './version-batch.ts'

type Model = ReadonlyMap<number, bigint>

function batchOf(records: readonly (readonly [number, bigint])[]): VersionBatch {
  return aBatch(
    records.map(([id, digest]) => ({
      key: encodeKey([String(id)], ['integer']),
      row: `${id}\t${digest}\n`,
      digest,
    })),
  )
}

/** The records in key order, cut into batches after every `size` of them. */
async function* stream(model: Model, size: number) {
  const records = [...model].sort(([a], [b]) => a - b)
  for (let at = 0; at < records.length; at += size) yield batchOf(records.slice(at, at + size))
}

async function compare(state: AsyncIterable<VersionBatch>, scan: AsyncIterable<VersionBatch>) {
  const batches: ChangeBatch[] = []
  const changes = compareVersions(state, scan)
  for (;;) {
    const result: IteratorResult<ChangeBatch, ScanTotals> = await changes.next()
    if (result.done === true) return { batches, totals: result.value }
    batches.push(result.value)
  }
}

const models = fc
  .array(fc.tuple(fc.integer({ min: -9, max: 30 }), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })))
  .map((pairs) => new Map(pairs))
const sizes = fc.integer({ min: 1, max: 7 })

test('compareVersions() turns the state into the scan, and counts what it saw', async () => {
  await fc.assert(
    fc.asyncProperty(models, models, sizes, sizes, async (before, drawn, size, otherSize) => {
      // Half of the records keep their digest.
      const after = new Map(
        [...drawn].map(([id, digest]) => [id, id % 2 === 0 ? (before.get(id) ?? digest) : digest]),
      )
      const { batches, totals } = await compare(stream(before, size), stream(after, otherSize))
      const found = batches.flatMap(({ batch, kinds }) =>
        listVersions(batch).map((version, i) => ({ ...version, kind: kinds[i] })),
      )
      const ids = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)
      const expected = ids.flatMap((id) => {
        const [old, now] = [before.get(id), after.get(id)]
        if (old === now) return []
        const key = Buffer.from(encodeKey([String(id)], ['integer'])).toString('hex')
        const base = { key, seq: 0, ordinal: 1 }
        if (now === undefined) return [{ ...base, op: 1, digest: 0n, row: '', kind: 2 }]
        const row = `${id}\t${now}\n`
        return [{ ...base, op: 0, digest: now, row, kind: old === undefined ? 0 : 1 }]
      })
      expect(found).toEqual(expected)
      const count = (kind: number) => expected.filter((change) => change.kind === kind).length
      expect(totals).toEqual({
        rowCount: after.size,
        inserted: count(0),
        updated: count(1),
        deleted: count(2),
        digestSum: [...after.values()].reduce((sum, digest) => sum + digest, 0n),
      })
    }),
  )
})

test('compareVersions() hands batches of only new records on without copying', async () => {
  const batch = batchOf([
    [1, 5n],
    [2, 6n],
  ])
  const big = {
    ...batch,
    rows: { bytes: new Uint8Array(1 << 20), ends: Uint32Array.of(9, 1 << 20) },
  }
  const { batches } = await compare(stream(new Map(), 1), fromBatches(big))
  expect(batches).toHaveLength(1)
  expect(batches[0]?.batch).toBe(big)
})

async function* fromBatches(...batches: VersionBatch[]) {
  yield* batches
}

test('compareVersions() keeps the large values of what changed, and of nothing else', async () => {
  const schema = aSchema()
  const value = 'v'.repeat(80_000)
  const rows = [1, 2, 3].map((id) => `${id}\t${value}${id}\t${value}\n`)
  const known = scanText(schema, rows.join(''))
  const scanned = scanText(schema, [rows[0], rows[1], rows[2]?.replace('3\tv', '3\tw')].join(''))
  const { batches } = await compare(fromBatches(known), fromBatches(scanned))
  const texts = batches.flatMap(({ batch }) =>
    [...batch.large].map(([version, values]) => [
      version,
      ...values.map((each) => (each.kind === 'bytes' ? Buffer.concat(each.parts).toString() : '')),
    ]),
  )
  expect(texts).toEqual([[0, `w${value.slice(1)}3`, value]])
})

test('compareVersions() does not gather large values beyond a block', async () => {
  const value = 'v'.repeat(700_000)
  const batches = [1, 2, 3].map((id) => scanText(aSchema(), `${id}\t${value}\tx\n`))
  const { batches: changes, totals } = await compare(stream(new Map(), 1), fromBatches(...batches))
  expect(changes.map(({ batch }) => batch.count)).toEqual([2, 1])
  expect(totals.inserted).toBe(3)
})

test.each([
  ['a key that comes twice', [1, 2, 2]],
  ['a key that comes too late', [1, 3, 2]],
  ['a known key that comes twice', [4, 4, 5]],
  ['a known key that comes too late', [5, 4]],
  ['a known key after a greater unknown one', [9, 4]],
])('compareVersions() refuses %s', async (_, ids) => {
  const state = new Map([
    [4, 4n],
    [5, 5n],
  ])
  for (const size of [1, 2, 3]) {
    const scan = ids.map((id): [number, bigint] => [id, BigInt(id)])
    const cut = Array.from({ length: Math.ceil(scan.length / size) }, (_each, i) =>
      batchOf(scan.slice(i * size, (i + 1) * size)),
    )
    const compared = compare(stream(state, 3), fromBatches(...cut))
    await expect(compared).rejects.toMatchObject({ code: 'segment.order-violated' })
  }
})
