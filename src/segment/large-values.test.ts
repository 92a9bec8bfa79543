import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { atEntry } from '#record/stamp'
import { collect } from '#stdx/streams'
import { createSegmentWriter } from './create-segment-writer.ts'
import { findVersions } from './find-versions.ts'
import { readLargeValue, toRowBatches } from './large-values.ts'
import { readState } from './read-state.ts'
import { openRowScanner } from './scan-rows.ts'
import { aSchema, aVault, digestKey, scanText, writeBatches } from './testing/segment-fixture.ts'

const schema = aSchema()
const schemas = new Map([[1, schema]])
const text = (size: number, seed = 1) =>
  Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((i * i * seed) % 23))).join('')

const small = text(100)
const document = text(70_000, 3)
const scan = text(3_500_000, 5)
const rows = [
  `1\t${small}\t${document}\n`,
  `2\t${document}\t${document}\n`,
  `3\t${small}\t\\N\n`,
  `4\t${scan}\t${small}\n`,
  `5\t${small}\t${small}\n`,
]

async function storeRows() {
  const vault = aVault()
  const batches = [
    scanText(schema, rows.slice(0, 3).join('')),
    scanText(schema, rows[3] ?? ''),
    scanText(schema, rows[4] ?? ''),
  ]
  const refs = await writeBatches(vault, schema, batches)
  return { vault, segments: refs.map((ref) => ({ seq: 1, ref })) }
}

function textOf(batch: RowBatch): string {
  const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
  return Buffer.concat(parts).toString()
}

test('large values come back in their rows, and long rows come alone', async () => {
  const { vault, segments } = await storeRows()
  const options = { segments, schemas, schema, asOf: atEntry(1), rows: true, signal: vault.signal }
  const batches: RowBatch[] = []
  for await (const batch of readState(vault.readDeps, options)) {
    expect(batch.rows?.bytes.length).toBeLessThan(LARGE_ROW_BYTES)
    batches.push(...(await collect(toRowBatches(vault.readDeps, batch, vault.signal))))
  }
  expect(batches.map(({ kind }) => kind)).toEqual(['rows', 'large', 'rows'])
  expect(batches.map(textOf).join('')).toBe(rows.join(''))
})

test('a value is stored once, however many versions hold it', async () => {
  const { vault, segments } = await storeRows()
  const key = (id: string) => encodeKey([id], ['integer'])
  const find = async (id: string) => {
    const options = { segments, schemas, key: key(id), signal: vault.signal }
    return (await findVersions(vault.readDeps, options)).flatMap(({ fields }) => fields)
  }
  const [, , first] = await find('1')
  const [, second, third] = await find('2')
  expect(first).toMatchObject({ kind: 'stored', ref: { textBytes: document.length, block: 0 } })
  expect([second, third].map((field) => typeof field === 'object' && field)).toMatchObject([
    { fieldIndex: 1, ref: { block: 0 } },
    { fieldIndex: 2, ref: { block: 0 } },
  ])
  const [id, large] = await find('4')
  expect(id).toBe('4')
  if (typeof large !== 'object' || large?.kind !== 'stored') throw new Error('need a stored value')
  const pieces = await collect(readLargeValue(vault.readDeps, large.ref, vault.signal))
  expect(pieces.length).toBe(4)
  expect(Buffer.concat(pieces).toString()).toBe(scan)
})

test('a row is digested the same whether it comes whole or in pieces', () => {
  const wide = aSchema({
    fields: ['id', 'name', 'note', 'tier'],
    missing: { note: '\\N', tier: 'basic' },
  })
  const row = new TextEncoder().encode(`-7\t${text(1234)}\t\\N\tbasic\n`)
  const whole = openRowScanner(wide, digestKey).scan({ kind: 'rows', bytes: row.slice() })
  for (const cut of [1, 2, 3, 8, 700, row.length - 9, row.length - 1]) {
    const parts = [row.slice(0, cut), row.slice(cut)]
    const pieces = openRowScanner(wide, digestKey).scan({ kind: 'large', parts })
    expect(pieces).toEqual(whole)
  }
})

test('a row of many middling fields is kept short, too', () => {
  const fields = Array.from({ length: 40 }, (_, i) => `f${i}`)
  const wide = aSchema({ fields })
  const row = `1\t${fields
    .slice(1)
    .map(() => text(40_000))
    .join('\t')}\n`
  const batch = scanText(wide, row)
  expect(batch.rows?.bytes.length).toBeLessThan(LARGE_ROW_BYTES)
  expect(batch.large.get(0)?.length).toBe(39)
})

test.each([
  ['too few fields', '1\ta\n'],
  ['too many fields', '1\ta\tb\tc\n'],
  ['fields that even out', '1\ta\n2\ta\tb\tc\n'],
  ['no newline', '1\ta\tb'],
  ['a mark of the vault', '1\t\\@0\tb\n'],
  ['a mark of the vault at its beginning', '\\@0\ta\tb\n'],
  ['a key that is null', '\\N\ta\tb\n'],
  ['a key with a leading zero', '01\ta\tb\n'],
  ['a key of minus zero', '-0\ta\tb\n'],
  ['a key with a plus sign', '+1\ta\tb\n'],
  ['a key beyond 64 bits', '18446744073709551616\ta\tb\n'],
  ['a key below 64 bits', '-9223372036854775809\ta\tb\n'],
  ['an empty key', '\ta\tb\n'],
])('scan() refuses a row with %s', (_, row) => {
  const scanner = openRowScanner(schema, digestKey)
  const bytes = new TextEncoder().encode(row)
  const invalid = expect.objectContaining({ code: 'segment.row-invalid' })
  expect(() => scanner.scan({ kind: 'rows', bytes })).toThrow(invalid)
  const parts = [bytes.slice(0, 1), bytes.slice(1)]
  expect(() => scanner.scan({ kind: 'large', parts })).toThrow(invalid)
})

test('an unfinished writer leaves nothing behind, large values included', async () => {
  const vault = aVault()
  const { store, keyring, writeDeps, signal } = vault
  const options = { source: 'erp', session: 's', schema, digestKey, signal }
  const append = async () => {
    await using writer = createSegmentWriter(writeDeps, { ...options, allocateNumber: () => 1 })
    for (const row of rows) await writer.append(scanText(schema, row))
    throw new Error('the run fails')
  }
  await expect(append()).rejects.toThrow('the run fails')
  expect([...store.objects.keys(), ...keyring.objects.keys()]).toEqual([])
})
