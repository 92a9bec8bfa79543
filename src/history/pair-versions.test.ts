import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRowScanner } from '#segment/scan-rows'
import { aBatch, aRowBatch, aSchema, digestKey } from '#segment/testing/segment-fixture'
import type { VersionBatch } from '#segment/version-batch'
import { type PairTotals, pairVersions, type RecordPair } from './pair-versions.ts'
import { PickedKeys } from './picked-keys.ts'

/** Key and digest of each record. */
type State = ReadonlyMap<string, number>

const aKey = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const aState: fc.Arbitrary<State> = fc
  .array(fc.tuple(aKey, fc.nat(2)), { maxLength: 30 })
  .map((entries) => new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1))))

/** A state in key order, cut into batches anywhere, empty ones among them. */
async function* batchesOf(state: State, cuts: readonly number[]): AsyncGenerator<VersionBatch> {
  const versions = [...state].map(([key, digest]) => ({
    key: new Uint8Array(Buffer.from(key, 'hex')),
    row: `${key}=${digest}\n`,
    digest: BigInt(digest),
  }))
  for (const cut of cuts) yield aBatch(versions.splice(0, cut))
  yield aBatch(versions)
}

async function pairAll(
  pairs: AsyncGenerator<readonly RecordPair[], PairTotals, undefined>,
): Promise<{ lists: (readonly RecordPair[])[]; totals: PairTotals }> {
  const lists: (readonly RecordPair[])[] = []
  for (;;) {
    const next = await pairs.next()
    if (next.done === true) return { lists, totals: next.value }
    lists.push(next.value)
  }
}

const cuts = fc.array(fc.nat(5), { maxLength: 10 })

test('pairVersions() finds what two maps find', async () => {
  await fc.assert(
    fc.asyncProperty(aState, aState, cuts, cuts, async (left, right, cutsLeft, cutsRight) => {
      const pairs = pairVersions(batchesOf(left, cutsLeft), batchesOf(right, cutsRight))
      const { lists, totals } = await pairAll(pairs)
      const text = (state: State, key: string) =>
        state.has(key) ? `${key}=${state.get(key)}\n` : null
      const keys = [...new Set([...left.keys(), ...right.keys()])].sort()
      const differing = keys.filter((key) => left.get(key) !== right.get(key))
      const row = (side: RecordPair['left']) => side && Buffer.from(side.row).toString()
      expect(
        lists.flat().map((pair) => ({
          key: Buffer.from(pair.key).toString('hex'),
          left: row(pair.left),
          right: row(pair.right),
        })),
      ).toEqual(differing.map((key) => ({ key, left: text(left, key), right: text(right, key) })))
      const same = keys.length - differing.length
      expect(totals).toEqual({ left: left.size, right: right.size, same })
    }),
  )
})

test('pairVersions() of some keys finds of all pairs those that have them', async () => {
  await fc.assert(
    fc.asyncProperty(aState, aState, fc.array(aKey), cuts, async (left, right, some, cutsLeft) => {
      const keys = [...some, ...[...left.keys()].slice(0, 3), ...[...right.keys()].slice(-3)]
      const only = new PickedKeys(keys.map((key) => Buffer.from(key, 'hex')))
      const all = await pairAll(pairVersions(batchesOf(left, cutsLeft), batchesOf(right, [])))
      const picked = await pairAll(
        pairVersions(batchesOf(left, cutsLeft), batchesOf(right, []), only),
      )
      const isPicked = ({ key }: RecordPair) => keys.includes(Buffer.from(key).toString('hex'))
      expect(picked.lists.flat()).toEqual(all.lists.flat().filter(isPicked))
      expect(picked.totals).toEqual(all.totals)
    }),
  )
})

test('pairVersions() yields lists of few megabytes, whatever the values weigh', async () => {
  const scanner = openRowScanner(aSchema(), digestKey)
  async function* documents(): AsyncGenerator<VersionBatch> {
    for (let id = 0; id < 12; id++) {
      yield scanner.scan(aRowBatch(`${id}\t${'x'.repeat(1_500_000)}\t\\N\n`))
    }
  }
  const { lists, totals } = await pairAll(pairVersions(batchesOf(new Map(), []), documents()))
  expect(lists.map((list) => list.length)).toEqual([3, 3, 3, 3])
  expect(totals).toEqual({ left: 0, right: 12, same: 0 })
})

test('pairVersions() closes both sides when its reader stops early', async () => {
  const closed: string[] = []
  async function* side(name: string): AsyncGenerator<VersionBatch> {
    try {
      for (let id = 0; ; id++) yield* batchesOf(new Map([[`${id}`.padStart(6, '0'), 1]]), [])
    } finally {
      closed.push(name)
    }
  }
  for await (const _ of pairVersions(side('left'), batchesOf(new Map(), []))) break
  expect(closed).toEqual(['left'])
})
