import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeSchema } from './describe-schema.ts'
import { formatEntityName } from './entity-name.ts'
import { evolveSchema } from './evolve-schema.ts'
import type { DescribedEntity, SchemaVersion } from './schema.ts'

const ENTITY = formatEntityName(['public', 'customer'])

/** Descriptions of one table as it is altered and made anew; every field name has one source id. */
const descriptions: fc.Arbitrary<DescribedEntity> = fc
  .record({
    names: fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
    hasKey: fc.boolean(),
    hasIds: fc.boolean(),
    table: fc.constantFrom('1', '2', null),
    types: fc.tuple(fc.constantFrom('text', 'integer'), fc.constantFrom('text', 'date')),
    missing: fc.constantFrom('x', '\\N', null),
    definition: fc.constantFrom(null, 'ddl', { options: [1] }),
  })
  .map(({ definition, hasIds, hasKey, missing, names, table, types }) => ({
    entity: ENTITY,
    sourceId: table,
    fields: names.map((name, i) => ({
      name,
      type: types[i % 2] ?? 'text',
      isNullable: i > 0,
      sourceId: hasIds ? `${'abcd'.indexOf(name)}` : null,
      missing,
    })),
    key: hasKey
      ? { fields: names.slice(0, 2).reverse(), encodings: names.slice(0, 2).map(() => 'text') }
      : null,
    foreignKeys: [],
    definition,
    scanOrder: 'key',
    missingGrant: null,
  }))

test('describeSchema() gives back what evolveSchema() finds nothing changed in', () => {
  fc.assert(
    fc.property(fc.array(descriptions, { minLength: 1, maxLength: 4 }), (steps) => {
      let schema: SchemaVersion | undefined
      for (const step of steps) ({ schema } = evolveSchema(schema, step))
      if (schema === undefined) throw new Error('no step')
      const again = evolveSchema(schema, describeSchema(schema))
      expect(again.change).toBe('none')
      expect(again.schema).toBe(schema)
    }),
  )
})

test('describeSchema() tells fields in the order of the source, and the key by name', () => {
  fc.assert(
    fc.property(descriptions, (described) => {
      const { schema } = evolveSchema(undefined, described)
      const fields = described.fields.map((field) => ({ ...field, missing: null }))
      expect(describeSchema(schema)).toEqual({ ...described, fields, scanOrder: 'none' })
    }),
  )
})
