import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startOf } from '../columns.ts'
import { openKernel } from '../kernel/open-kernel.ts'
import { aBatch, listVersions } from '../testing/segment-fixture.ts'
import { OP_DELETE } from '../version-batch.ts'
import { decodeKeysBlock } from './decode-keys.ts'
import { readColumns, selectRows, toRows } from './decode-rows.ts'
import { countRepeats, encodeKeysBlock } from './encode-keys.ts'
import { type ColumnPlan, encodeRowsBlock } from './encode-rows.ts'
import {
  decodeFooter,
  encodeFooter,
  type FooterBlock,
  formatTrailer,
  parseTrailer,
} from './footer.ts'
import { FormatProblem, readingObject, UnknownFormat } from './format-problem.ts'
import { compress } from './zstd.ts'

const kernel = openKernel()
const word = fc.nat(0xffff_ffff)

const versions = fc
  .array(
    fc.record({
      key: fc.uint8Array({ maxLength: 40, max: 3 }),
      row: fc.constantFrom('x\n', null),
      ordinal: word,
      seq: word,
      digest: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
    { minLength: 1, maxLength: 200 },
  )
  .map((list) => list.sort((a, b) => Buffer.compare(a.key, b.key)))

test('a block of keys decodes to what was encoded', () => {
  fc.assert(
    fc.property(versions, fc.constantFrom('ordinal', 'full'), (list, stamps) => {
      const batch = aBatch(list)
      const { bytes, repeats } = encodeKeysBlock(kernel, batch, { stamps })
      const decoded = decodeKeysBlock(kernel, bytes, 9)
      const expected = listVersions({ ...batch, rows: null })
      expect(listVersions(decoded)).toEqual(
        expected.map((version) => (stamps === 'full' ? version : { ...version, seq: 9 })),
      )
      const isRepeat = expected.filter(({ key }, i) => i > 0 && key === expected[i - 1]?.key)
      expect(repeats).toBe(isRepeat.length)
    }),
  )
})

test('keys are counted where they repeat, and not at all out of order', () => {
  const keys = fc.array(fc.uint8Array({ maxLength: 4, max: 2 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(keys, (list) => {
      const orders = list.slice(1).map((key, i) => Buffer.compare(list[i] ?? key, key))
      const repeats = orders.filter((order) => order === 0).length
      const counted = countRepeats(kernel, aBatch(list.map((key) => ({ key, row: 'x\n' }))))
      expect(counted).toBe(orders.some((order) => order > 0) ? undefined : repeats)
    }),
  )
})

test('no bytes make the decoders fail but by saying what is wrong', () => {
  const batch = aBatch([
    { key: Uint8Array.of(1), row: 'a\tb\n' },
    { key: Uint8Array.of(1, 2), row: null },
  ])
  const { bytes: keys } = encodeKeysBlock(kernel, batch, { stamps: 'full' })
  const puts = aBatch([{ key: Uint8Array.of(1), row: 'a\tb\n' }]).rows
  const rows = puts && encodeRowsBlock(kernel, puts, 2, { groups: undefined })[0]
  const shape = { fieldCount: 2, tail: Buffer.from('\n') }
  const decoders = [
    { whole: keys, decode: (bytes: Uint8Array<ArrayBuffer>) => decodeKeysBlock(kernel, bytes, 1) },
    {
      whole: rows ?? keys,
      decode: (bytes: Uint8Array<ArrayBuffer>) => toRows(kernel, readColumns(bytes), shape),
    },
  ]
  for (const { whole, decode } of decoders) {
    for (let at = 0; at < whole.length; at++) {
      for (const change of [1, 0x40, 0xff]) {
        const bytes = whole.slice()
        bytes[at] = (bytes[at] ?? 0) ^ change
        // Damage may go unseen here, behind the seal; it never does anything worse.
        try {
          decode(bytes)
        } catch (error) {
          expect([FormatProblem, UnknownFormat]).toContain((error as Error).constructor)
        }
      }
      expect(() => decode(whole.slice(0, at))).toThrow(FormatProblem)
    }
  }
})

test('what a later version wrote is told from damage', () => {
  const batch = aBatch([{ key: Uint8Array.of(1), row: 'a\tb\n' }])
  const { bytes: keys } = encodeKeysBlock(kernel, batch, { stamps: 'ordinal' })
  keys[1] = 16
  const footer = new Uint8Array([1, ...compress(Uint8Array.of(2), 3)])
  const trailer = formatTrailer(100, 1)
  trailer[7] = 2
  const reads: readonly (() => unknown)[] = [
    () => decodeKeysBlock(kernel, keys, 1),
    () => decodeFooter(footer, 1),
    () => parseTrailer(trailer),
  ]
  for (const read of reads) {
    expect(read).toThrow(UnknownFormat)
    const named = expect.objectContaining({ code: 'segment.format-unsupported' })
    expect(() => readingObject('segments/erp/1/0.keys', 'it', read)).toThrow(named)
  }
})

const field = fc.oneof(
  fc.stringMatching(/^[a-z]{0,40}$/),
  fc.constantFrom('', '\\N', 'same', '\\t', 'é\u{1f600}'),
)
const tables = fc.integer({ min: 1, max: 12 }).chain((fieldCount) =>
  fc.tuple(
    fc.constant(fieldCount),
    fc.array(fc.array(field, { minLength: fieldCount, maxLength: fieldCount }), {
      minLength: 1,
      maxLength: 60,
    }),
  ),
)

function columnOf(rows: readonly (readonly string[])[]) {
  const batch = aBatch(rows.map((row) => ({ key: new Uint8Array(1), row: `${row.join('\t')}\n` })))
  if (batch.rows === null) throw new Error('need rows')
  return batch.rows
}

test('a block of rows gives them back, whole, padded, cut short or picked', () => {
  const plans: fc.Arbitrary<ColumnPlan> = fc.constantFrom<ColumnPlan>({ groups: undefined })
  fc.assert(
    fc.property(tables, plans, fc.nat(12), ([fieldCount, rows], plan, wantedFields) => {
      const column = columnOf(rows)
      const sections = encodeRowsBlock(kernel, column, fieldCount, { ...plan })
      const columns = readColumns(new Uint8Array(Buffer.concat(sections)))
      const whole = toRows(kernel, columns, { fieldCount, tail: Buffer.from('\n') })
      expect(whole).toEqual(column)

      const kept = Math.min(fieldCount, Math.max(1, wantedFields))
      const tail = Buffer.from('\tnew\n')
      const expected = columnOf(rows.map((row) => [...row.slice(0, kept), 'new']))
      // Fewer fields than are stored leave the rest of the columns unread, which is no damage.
      expect(toRows(kernel, columns, { fieldCount: kept, tail })).toEqual(expected)

      const wanted = Uint32Array.from(rows.keys()).filter((i) => (i * 7) % 3 === 0)
      const picked = selectRows(kernel, columns, { fieldCount: kept, tail }, wanted)
      expect(picked).toEqual(
        columnOf([...wanted].map((i) => [...(rows[i] ?? []).slice(0, kept), 'new'])),
      )
    }),
  )
})

test('a full block is cut into columns and sections, and decodes', () => {
  const rows = Array.from({ length: 9_000 }, (_, i) => [
    String(i),
    (i * 2_654_435_761).toString(36),
    `note ${i % 7}`,
    Math.sin(i).toString(16),
    i % 2 === 0 ? '\\N' : 'yes',
  ])
  const column = columnOf(rows)
  const plan: ColumnPlan = { groups: undefined }
  const sections = encodeRowsBlock(kernel, column, 5, plan)
  expect(plan.groups?.length).toBeGreaterThan(1)
  expect(sections.length).toBeGreaterThan(1)
  for (const section of sections.slice(0, -1)) expect(section.length).toBeGreaterThanOrEqual(16_384)
  const columns = readColumns(new Uint8Array(Buffer.concat(sections)))
  expect(toRows(kernel, columns, { fieldCount: 5, tail: Buffer.from('\n') })).toEqual(column)
  const wanted = Uint32Array.of(0, 1, 4_500, 8_999)
  const picked = selectRows(kernel, columns, { fieldCount: 5, tail: Buffer.from('\n') }, wanted)
  expect(Buffer.from(picked.bytes).toString()).toBe(
    [...wanted].map((i) => `${rows[i]?.join('\t')}\n`).join(''),
  )
})

test('rows of an entity without fields are counted, and get the fields added since', () => {
  const column = columnOf([[''], [''], ['']])
  const [section] = encodeRowsBlock(kernel, column, 0, { groups: undefined })
  const columns = readColumns(section ?? new Uint8Array(0))
  expect(toRows(kernel, columns, { fieldCount: 0, tail: Buffer.from('\n') })).toEqual(column)
  const added = toRows(kernel, columns, { fieldCount: 0, tail: Buffer.from('a\tb\n') })
  expect(startOf(added, 3)).toBe(12)
})

test('a footer decodes to what was encoded', () => {
  const block: fc.Arbitrary<FooterBlock> = fc.record({
    count: word,
    rowCount: word,
    repeats: word,
    ordinalMin: word,
    ordinalMax: word,
    seqMin: word,
    seqMax: word,
    firstKey: fc.uint8Array({ maxLength: 9 }),
    lastKey: fc.uint8Array({ maxLength: 9 }),
    textBytes: word,
    keysBytes: word,
    rowSections: fc.array(word, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 9 }), (blocks) => {
      const shared = { generation: 1, schema: 2, blobsBytes: 3, blocks }
      const full = { ...shared, stamps: 'full' } as const
      expect(decodeFooter(encodeFooter(full), 7)).toEqual(full)
      const ordinal = { ...shared, stamps: 'ordinal' } as const
      expect(decodeFooter(encodeFooter(ordinal), 7)).toEqual({
        ...ordinal,
        blocks: blocks.map((each) => ({ ...each, seqMin: 7, seqMax: 7 })),
      })
    }),
  )
})

test('deletes are kept apart from puts', () => {
  const batch = aBatch([
    { key: Uint8Array.of(1), row: null },
    { key: Uint8Array.of(2), row: 'x\n', digest: 5n },
  ])
  const { bytes } = encodeKeysBlock(kernel, batch, { stamps: 'ordinal' })
  expect([...decodeKeysBlock(kernel, bytes, 1).ops]).toEqual([OP_DELETE, 0])
})
