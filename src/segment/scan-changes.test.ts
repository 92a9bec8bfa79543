import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { formatRow } from '#record/row-text'
import { openChangeScanner, type RowChanges } from './scan-changes.ts'
import { openRowScanner } from './scan-rows.ts'
import { aRowBatch, aSchema, digestKey, listVersions } from './testing/segment-fixture.ts'
import { OP_DELETE, type VersionBatch } from './version-batch.ts'

const INSERT = 1
const UPDATE = 2
const DELETE = 3

type AChange = { readonly op: number; readonly values: readonly (string | null)[] }

/** Changes with values in id order, told with the fields in the order of `fields`. */
function tell(
  names: readonly string[],
  changes: readonly AChange[],
  { fields, key }: { readonly fields: readonly string[]; readonly key: readonly string[] },
): RowChanges {
  const texts = changes.map(({ op, values }) =>
    Buffer.from(
      formatRow((op === DELETE ? key : fields).map((name) => values[names.indexOf(name)] ?? null)),
    ),
  )
  let at = 0
  const ends = Uint32Array.from(texts, (text) => (at += text.length))
  const bytes = new Uint8Array(Buffer.concat(texts))
  const ops = Uint8Array.from(changes, ({ op }) => op)
  return { fields, key, ops, rows: { kind: 'rows', bytes, ends }, unchanged: new Map() }
}

const values = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed()),
  fc.constantFrom('', 'x', '\t', '\n', '\\'),
  fc.constant(null),
)

/** A schema whose key is some of its fields in some order, the order of its source, and changes. */
const cases = fc
  .integer({ min: 1, max: 5 })
  .chain((count) => {
    const names = Array.from({ length: count }, (_, i) => `f${i}`)
    return fc.record({
      names: fc.constant(names),
      fields: fc.shuffledSubarray(names, { minLength: count }),
      key: fc.shuffledSubarray(names, { minLength: 1, maxLength: Math.min(2, count) }),
      missing: fc.array(fc.constantFrom('', 'x', '\\N', null), {
        minLength: count,
        maxLength: count,
      }),
      changes: fc.array(
        fc.record({
          op: fc.constantFrom(INSERT, UPDATE, DELETE),
          values: fc.array(values, { minLength: count, maxLength: count }),
        }),
        { maxLength: 12 },
      ),
    })
  })
  .map(({ changes, key, missing, names, ...rest }) => ({
    ...rest,
    names,
    key,
    schema: aSchema({
      fields: names,
      missing: Object.fromEntries(
        names.flatMap((name, i) => (missing[i] == null ? [] : [[name, missing[i] ?? '']])),
      ),
      key: {
        kind: 'fields',
        fieldIds: key.map((name) => names.indexOf(name) + 1),
        encodings: key.map(() => 'text' as const),
      },
    }),
    // Key fields are never null.
    changes: changes.map(({ op, values }) => ({
      op,
      values: values.map((value, i) => (key.includes(names[i] ?? '') ? (value ?? 'k') : value)),
    })),
  }))

test('scan() gives every row the digest, key and text that a scan of it gives', () => {
  fc.assert(
    fc.property(cases, ({ changes, fields, key, names, schema }) => {
      const rows = openRowScanner(schema, digestKey)
      const expected = changes.map(({ op, values }) => {
        const row = formatRow(values)
        const [scanned] = listVersions(rows.scan(aRowBatch(row)))
        if (op !== DELETE) return { ...scanned, ordinal: 7 }
        const parts = key.map((name) => values[names.indexOf(name)] ?? '')
        const bytes = encodeKey(
          parts,
          parts.map(() => 'text'),
        )
        const hex = Buffer.from(bytes).toString('hex')
        return { ...scanned, key: hex, ordinal: 7, op: OP_DELETE, digest: 0n, row: '' }
      })
      const told = openChangeScanner(schema, digestKey).scan(
        tell(names, changes, { fields, key }),
        7,
      )
      expect(listVersions(told.batch)).toEqual(expected)
      const count = (wanted: number) => changes.filter(({ op }) => op === wanted).length
      const { deleted, inserted, updated } = told
      expect([inserted, updated, deleted]).toEqual([INSERT, UPDATE, DELETE].map(count))
    }),
    { numRuns: 300 },
  )
})

function textsOf({ count, large }: VersionBatch) {
  return Array.from({ length: count }, (_, i) =>
    (large.get(i) ?? []).map((value) =>
      value.kind === 'bytes' ? [value.fieldIndex, Buffer.concat(value.parts).toString()] : [],
    ),
  )
}

test.each([
  ['long', 100_000],
  ['in pieces', 1_200_000],
])('scan() takes the large values of a row that is %s where a scan does', (_, length) => {
  const schema = aSchema()
  const [a, b] = ['a'.repeat(length), 'b'.repeat(length)]
  const scanned = openRowScanner(schema, digestKey).scan(aRowBatch(`1\t${a}\t${b}\n`))
  const batch = aRowBatch(`${b}\t1\t${a}\n`)
  const rows =
    batch.kind === 'rows'
      ? { ...batch, ends: Uint32Array.of(batch.bytes.length) }
      : { kind: batch.kind, parts: batch.parts }
  const told = openChangeScanner(schema, digestKey).scan(
    {
      fields: ['note', 'id', 'name'],
      key: ['id'],
      ops: Uint8Array.of(UPDATE),
      rows,
      unchanged: new Map(),
    },
    1,
  )
  expect(listVersions(told.batch)).toEqual(listVersions(scanned))
  expect(textsOf(told.batch)).toEqual(textsOf(scanned))
  expect(textsOf(told.batch)).toEqual([
    [
      [1, a],
      [2, b],
    ],
  ])
})

test('scan() follows fields that change their order from batch to batch', () => {
  const schema = aSchema()
  const scanner = openChangeScanner(schema, digestKey)
  const names = ['id', 'name', 'note']
  const changes = [{ op: UPDATE, values: ['1', 'a', 'b'] }]
  const orders = [names, ['note', 'id', 'name'], ['name', 'note', 'id'], names]
  const told = orders.map((fields) => {
    return listVersions(scanner.scan(tell(names, changes, { fields, key: ['id'] }), 1).batch)
  })
  expect(told).toEqual(orders.map(() => told[0]))
})

const rowsOf = (text: string, ...ends: readonly number[]): RowChanges['rows'] => ({
  kind: 'rows',
  bytes: new TextEncoder().encode(text),
  ends: Uint32Array.from(ends),
})
const misfits = () => rowsOf('1\tx\n2\tx\ty\tz\n', 4, 12)

test.each<[string, () => Partial<RowChanges>]>([
  ['fields are missing', () => ({ fields: ['id', 'name'] })],
  ['a field is another', () => ({ fields: ['id', 'name', 'other'] })],
  ['the key is another', () => ({ key: ['name'] })],
  ['there are more rows than changes', () => ({ ops: Uint8Array.of(INSERT) })],
  ['there are more changes than rows', () => ({ ops: Uint8Array.of(INSERT, UPDATE, UPDATE) })],
  ['a row has other fields', () => ({ rows: misfits() })],
  ['a row in another order has', () => ({ rows: misfits(), fields: ['note', 'id', 'name'] })],
  ['a row does not end', () => ({ rows: rowsOf('1\tx\ty\n2\tx\tz', 6, 11) })],
  ['a key is null', () => ({ rows: rowsOf('1\tx\ty\n\\N\tx\tz\n', 6, 13) })],
  ['a delete has other fields', () => ({ ops: Uint8Array.of(INSERT, DELETE) })],
])('scan() refuses changes where %s', (_, wrong) => {
  const told = () => ({
    fields: ['id', 'name', 'note'],
    key: ['id'],
    ops: Uint8Array.of(INSERT, UPDATE),
    rows: rowsOf('1\tx\ty\n2\tx\tz\n', 6, 12),
    unchanged: new Map(),
  })
  const scanner = openChangeScanner(aSchema(), digestKey)
  expect(scanner.scan(told(), 1).batch.count).toBe(2)
  expect(() => scanner.scan({ ...told(), ...wrong() }, 1)).toThrowError(
    expect.objectContaining({ code: 'segment.row-invalid' }),
  )
})
