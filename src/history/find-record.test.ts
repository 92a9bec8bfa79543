import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry, type Stamp } from '#record/stamp'
import type { PlacedSegment } from '#segment/segment'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  writeBatches,
} from '#segment/testing/segment-fixture'
import { findRecord, findRecordsIfAny } from './find-record.ts'

const schema = aSchema({ fields: ['id', 'name'] })

/** Record 1 with versions oldest first, each `null` or its name. */
async function aRecord(...versions: readonly (readonly [Stamp, string | null])[]) {
  const vault = aVault()
  const segments: PlacedSegment[] = []
  for (const [{ ordinal, seq }, name] of versions) {
    const row = name === null ? null : `1\t${name}\n`
    const version: AVersion = { key: encodeKey(['1'], ['integer']), row, ordinal }
    const refs = await writeBatches(vault, schema, [aBatch([version])])
    segments.push(...refs.map((ref) => ({ seq, ref })))
  }
  const facts = {
    entity: schema.entity,
    generation: 1,
    schema: 1,
    rows: 0,
    inserted: 0,
    updated: 0,
    deleted: 0,
    fingerprint: null,
  }
  const entityAt = (asOf: Stamp) => {
    return { facts, schema, schemas: new Map([[1, schema]]), segments, asOf }
  }
  const find = (asOf: Stamp) => findRecord(vault.readDeps, entityAt(asOf), '1', vault.signal)
  const findMany = (asOf: Stamp, addresses: readonly string[]) => {
    return findRecordsIfAny(vault.readDeps, entityAt(asOf), addresses, vault.signal)
  }
  return Object.assign(find, { many: findMany })
}

const at = (seq: number, ordinal: number) => ({ seq, ordinal })

test('findRecord() says of a record that came and went unseen that it was never there', async () => {
  const find = await aRecord([at(2, 1), null], [at(3, 4), null])
  for (const stamp of [at(2, 1), atEntry(2), at(3, 3), atEntry(9)]) {
    await expect(find(stamp)).rejects.toThrow('it was never there')
  }
})

test('findRecord() says when a record was deleted, whatever came and went since', async () => {
  const find = await aRecord([at(1, 1), 'Ada'], [at(2, 3), null], [at(5, 1), null])
  expect((await find(at(2, 2))).version).toMatchObject({ seq: 1, fields: ['1', 'Ada'] })
  for (const stamp of [at(2, 3), atEntry(4), atEntry(5)]) {
    await expect(find(stamp)).rejects.toThrow('it was deleted at 2')
  }
})

test('findRecord() knows the transactions of one entry apart', async () => {
  const find = await aRecord([at(3, 2), 'Ada'], [at(3, 4), null], [at(3, 5), 'Bob'])
  await expect(find(at(3, 1))).rejects.toThrow('it was never there')
  expect((await find(at(3, 3))).version).toMatchObject({ ordinal: 2, fields: ['1', 'Ada'] })
  await expect(find(at(3, 4))).rejects.toThrow('it was deleted at 3')
  const found = await find(atEntry(3))
  expect(found.version).toMatchObject({ ordinal: 5, fields: ['1', 'Bob'] })
  expect(found.older.map(({ ordinal }) => ordinal)).toEqual([4, 2])
})

test('findRecordsIfAny() answers each of many addresses in its place', async () => {
  const find = await aRecord([at(1, 1), 'Ada'], [at(4, 1), null])
  const strangers = Array.from({ length: 501 }, (_, i) => String(i + 2))
  const found = await find.many(atEntry(3), ['x', '7', ...strangers, '1', '1,1'])
  expect(found).toHaveLength(505)
  expect(found.at(-2)).toMatchObject({ seq: 1, fields: ['1', 'Ada'] })
  expect(found.filter((version) => version !== null)).toHaveLength(1)
  expect(await find.many(atEntry(4), ['1'])).toEqual([null])
})
