import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { LINK_KINDS, type LinkKind } from '../map-schema.ts'
import { GroupSpool } from './group-spool.ts'
import { joinValues } from './join-values.ts'
import { type JoinedLink, RowBits, reachRows } from './reach-rows.ts'

type Link = {
  readonly kind: LinkKind
  readonly from: number
  readonly to: number
  /** Values by record, null where it has none. */
  readonly own: readonly (number | null)[]
  readonly other: readonly (number | null)[]
}

const ROWS = [6, 9, 7]
const value = fc.option(fc.integer({ min: 0, max: 5 }))
const entity = fc.integer({ min: 0, max: ROWS.length - 1 })
const link = fc
  .record({ kind: fc.constantFrom(...LINK_KINDS), from: entity, to: entity })
  .chain(({ from, kind, to }) =>
    fc.record({
      kind: fc.constant(kind),
      from: fc.constant(from),
      to: fc.constant(to),
      own: fc.array(value, { minLength: ROWS[from] ?? 0, maxLength: ROWS[from] ?? 0 }),
      other: fc.array(value, { minLength: ROWS[to] ?? 0, maxLength: ROWS[to] ?? 0 }),
    }),
  )

test('joining and spreading give what a walk over single records gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(link, { minLength: 1, maxLength: 5 }), async (links) => {
      await using stack = new AsyncDisposableStack()
      const joined: JoinedLink[] = []
      for (const one of links) {
        const groups = stack.use(new GroupSpool({ random: systemRandom, tempDir: tmpdir() }))
        const totals = await joinValues(sorted(one.own), sorted(one.other), groups)
        expect(totals).toMatchObject(countNaively(one))
        joined.push({ kind: one.kind, from: one.from, to: one.to, groups })
      }
      const { needed, owned } = await reachRows(ROWS, [0], joined)
      const walked = walkNaively(links)
      ROWS.forEach((rows, e) => {
        for (let row = 0; row < rows; row++) {
          expect(owned[e]?.has(row)).toBe(walked.owned.has(`${e}:${row}`))
          expect(needed[e]?.has(row)).toBe(walked.needed.has(`${e}:${row}`))
        }
      })
    }),
  )
})

function countNaively({ other, own }: Link) {
  const pointing = own.filter((one) => one !== null)
  const orphans = pointing.filter((one) => !other.includes(one))
  const repeated = other.filter((one) => {
    return one !== null && other.filter((two) => two === one).length > 1
  })
  return { pointing: pointing.length, orphans: orphans.length, repeated: repeated.length }
}

function walkNaively(links: readonly Link[]) {
  const owned = new Set(Array.from({ length: ROWS[0] ?? 0 }, (_, row) => `0:${row}`))
  const needed = new Set<string>()
  for (let before = -1; before !== owned.size + needed.size; ) {
    before = owned.size + needed.size
    for (const { from, kind, other, own, to } of links) {
      own.forEach((left, i) => {
        other.forEach((right, j) => {
          if (left === null || left !== right) return
          const [child, parent] = [`${from}:${i}`, `${to}:${j}`]
          if (owned.has(parent) && kind !== 'reference') owned.add(child)
          if (owned.has(child) && kind === 'same') owned.add(parent)
          const isReached = owned.has(child) || needed.has(child)
          if (isReached && kind !== 'same') needed.add(parent)
        })
      })
    }
  }
  return { owned, needed }
}

/** Values in order, two to a batch, so that groups go over the ends of batches. */
async function* sorted(values: readonly (number | null)[]): AsyncGenerator<VersionBatch> {
  const held = values.flatMap((one, ordinal) => (one === null ? [] : [{ one, ordinal }]))
  held.sort((a, b) => a.one - b.one)
  for (let i = 0; i < held.length; i += 2) yield batchOf(held.slice(i, i + 2))
}

function batchOf(held: readonly { one: number; ordinal: number }[]): VersionBatch {
  assert(held.length > 0, 'A batch has a value.')
  const count = held.length
  return {
    count,
    keys: {
      bytes: new Uint8Array(held.map(({ one }) => 48 + one)),
      ends: Uint32Array.from(held, (_, i) => i + 1),
    },
    seqs: new Uint32Array(count),
    ordinals: new Uint32Array(count).fill(1),
    ops: new Uint8Array(count),
    digests: BigUint64Array.from(held, ({ ordinal }) => BigInt(ordinal)),
    rows: null,
    large: new Map(),
  }
}

test('RowBits takes each record once, however many there turn out to be', () => {
  const bits = new RowBits(3)
  expect([0, 2, 40, 40, 1000].map((ordinal) => bits.add(ordinal))).toEqual([
    true,
    true,
    true,
    false,
    true,
  ])
  expect([1, 40, 999, 1000, 1e6].map((ordinal) => bits.has(ordinal))).toEqual([
    false,
    true,
    false,
    true,
    false,
  ])
  expect(bits.count).toBe(4)
})
