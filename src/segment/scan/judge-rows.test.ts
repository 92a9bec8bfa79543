import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deriveDigestKeys } from '#seal/digest-keys'
import { gatherPieces } from '../batch/pieces.ts'
import { readColumns } from '../block/decode-rows.ts'
import { encodeRowsBlock } from '../block/encode-rows.ts'
import { startOf } from '../columns.ts'
import { openKernel } from '../kernel/open-kernel.ts'
import { aSchema, digestKey, type SchemaOptions, scanText } from '../testing/segment-fixture.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'
import { judgeRows } from './judge-rows.ts'
import { scanTable } from './scan-table.ts'

const kernel = openKernel()
const SCHEMAS: Readonly<Record<string, SchemaOptions>> = {
  'an integer key': {},
  'a text key': { key: { kind: 'fields', fieldIds: [2, 1], encodings: ['text', 'integer'] } },
  'a digest as key': { key: { kind: 'digest' } },
  'a field added since': { missing: { note: 'none' } },
}

/** What judgeRows() says of the rows of `text`, stored as a block, against these versions. */
function judge(
  options: SchemaOptions,
  text: string,
  change: (batch: VersionBatch) => VersionBatch,
) {
  const schema = aSchema(options)
  const versions = scanText(schema, text)
  const rows = versions.rows ?? { bytes: new Uint8Array(), ends: new Uint32Array() }
  const sections = encodeRowsBlock(kernel, rows, schema.fields.length, { groups: undefined })
  const columns = readColumns(new Uint8Array(Buffer.concat(sections)))
  const table = scanTable(schema, deriveDigestKeys(digestKey).row)
  return judgeRows(kernel, columns, table, change(versions))
}

const same = (batch: VersionBatch) => batch

/** A delete before the version `at`. */
function withDelete(batch: VersionBatch, at: number): VersionBatch {
  const all = { ...batch, rows: null }
  const deleted = { ...all, ops: all.ops.map(() => OP_DELETE), digests: all.digests.map(() => 0n) }
  return gatherPieces([
    { batch: all, from: 0, to: at },
    { batch: deleted, from: at, to: at + 1 },
    { batch: all, from: at, to: all.count },
  ])
}

test.each(Object.entries(SCHEMAS))('rows with %s are what they were stored as', (_, options) => {
  const words = fc.array(fc.constantFrom('a', 'b', 'none', '\\\\', '\\t', 'öß'), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 40 }), fc.nat(), (list, place) => {
      const rows = list.map((all, i) => `${i}\tname ${all.join('')}\t${all.at(0) ?? 'none'}\n`)
      const text = rows.join('')
      expect(judge(options, text, same)).toBe('same')
      expect(judge(options, text, (batch) => withDelete(batch, place % batch.count))).toBe('same')
    }),
  )
})

test('rows of many steps are judged whole, the last of them too', () => {
  const text = Array.from({ length: 9000 }, (_, i) => `${i}\tname ${i}\t${'x'.repeat(i % 90)}\n`)
  for (const [, options] of Object.entries(SCHEMAS)) {
    expect(judge(options, text.join(''), same)).toBe('same')
    for (const at of [0, 4321, 8999]) {
      const digests = (batch: VersionBatch) => batch.digests.with(at, 1n)
      const found = judge(options, text.join(''), (batch) => ({
        ...batch,
        digests: digests(batch),
      }))
      expect(found).toBe('other-digest')
      const bent = judge(options, text.join(''), (batch) => bendKey(batch, at))
      expect(bent).toBe('other-key')
    }
  }
})

function bendKey(batch: VersionBatch, at: number): VersionBatch {
  const bytes = batch.keys.bytes.slice()
  const first = startOf(batch.keys, at)
  bytes[first] = (bytes[first] ?? 0) ^ 1
  return { ...batch, keys: { ...batch.keys, bytes } }
}

test('rows of an entity without fields are judged, too', () => {
  const options = { fields: [], key: { kind: 'digest' } } as const
  expect(judge(options, '\n\n\n', same)).toBe('same')
  expect(judge(options, '\n\n\n', (batch) => withDelete(batch, 1))).toBe('same')
})

test('rows that the schema does not have, or that are too many, do not fit', () => {
  const two = (batch: VersionBatch) => gatherPieces([{ batch, from: 0, to: 1 }])
  expect(judge({}, '1\ta\tb\n2\ta\tb\n', two)).toBe('unfit')
  const columns = readColumns(
    new Uint8Array(
      Buffer.concat(
        encodeRowsBlock(
          kernel,
          { bytes: new Uint8Array(Buffer.from('1\ta\t\\@0\n')), ends: Uint32Array.of(8) },
          3,
          { groups: undefined },
        ),
      ),
    ),
  )
  const table = (options: SchemaOptions) =>
    scanTable(aSchema(options), deriveDigestKeys(digestKey).row)
  const versions = scanText(aSchema(), '1\ta\tb\n')
  // A mark for a large value, which the version does not have.
  expect(judgeRows(kernel, columns, table({}), versions)).toBe('unfit')
  expect(judgeRows(kernel, columns, table({ fields: ['id', 'name'] }), versions)).toBe('unfit')
})
