import * as z from 'zod'
import { totalSchema } from './totals-schema.ts'

/**
 * What may stand in a mapping file, one definition, from which the checks and the JSON Schema for
 * editors follow.
 */

const name = z.string().min(1)
/** A number with a fraction would not be what was written: it is put in quotes. */
const value = z.union([z.string(), z.int(), z.boolean()], 'a text, a whole number, true or false')
const constant = value.nullable()

const elseSchema = z.union([z.enum(['refuse', 'keep', 'null']), z.strictObject({ is: constant })])

/** Where the values of one field of the target come from. */
export const fieldSchema = z.union(
  [
    name.describe('A field of the source entity, as it is; its type is converted.'),
    z.strictObject({
      from: name.describe('The field of the source entity whose values are listed.'),
      values: z
        .record(z.string(), constant)
        .describe('What each value of the source becomes; `null` for no value.'),
      else: elseSchema
        .default('refuse')
        .describe('What becomes of values that are not listed. Default: they are refused.'),
    }),
    z.strictObject({
      from: name.describe('The field of the source entity that holds the key of another record.'),
      'key-of': name.describe('The entity of the source that the record is of.'),
      in: name
        .optional()
        .describe(
          'The entity of the target that it is in. Default: where the foreign key leads, or the only one that it goes to.',
        ),
      else: z
        .enum(['refuse', 'null'])
        .default('refuse')
        .describe('What becomes of the keys of records that are not there.'),
    }),
    z.strictObject({
      expression: name.describe(
        'A CEL expression over the fields of the record, each a text or null.',
      ),
    }),
    z.strictObject({ is: constant.describe('The same value for every record.') }),
  ],
  'a field, or one of { from, values }, { from, key-of }, { expression } and { is }',
)

/** How records of one entity become records of another. */
export const entitySchema = z.strictObject({
  from: name.describe('The entity of the source.'),
  when: name
    .optional()
    .describe('A CEL expression: only records for which it is true are migrated.'),
  key: z
    .enum(['keep', 'mint'])
    .default('keep')
    .describe(
      'Where the keys of its records come from: `fields`, or the numbering of the target, which then has a key of one number. Default: keep.',
    ),
  fields: z
    .record(name, fieldSchema)
    .describe('By field of the target. The fields of its key are among them, if it is kept.'),
  unmapped: z
    .array(name)
    .default([])
    .describe('Fields of the source entity that go nowhere. All others have to be used.'),
})

export const mappingFileSchema = z.strictObject({
  version: z.literal(1).describe('The version of this format.'),
  entities: z
    .record(name, z.union([entitySchema, z.array(entitySchema).min(1)]))
    .describe('By entity of the target. A list: it is filled from several entities.'),
  totals: z
    .array(totalSchema)
    .default([])
    .describe(
      'Sums that `verify --mapping` works out on either side, and holds against each other.',
    ),
})

export type FieldInFile = z.output<typeof fieldSchema>
export type ElseInFile = z.output<typeof elseSchema>
