import * as z from 'zod'

/** What may stand under `totals` of a mapping file, of which it is a part. */

const name = z.string().min(1)
const value = z.union([z.string(), z.int(), z.boolean()], 'a text, a whole number, true or false')

const fieldOrValue = z.union([name, z.strictObject({ is: value })], 'a field, or { is: VALUE }')

export const partSchema = z.strictObject({
  entity: name.describe('The entity whose records are summed up.'),
  amount: fieldOrValue.describe(
    'The field that holds the amount, an exact decimal number; `{ is: 1 }` counts records.',
  ),
  by: z
    .array(fieldOrValue)
    .default([])
    .describe('What is summed up apart, like company code and currency; as many on either side.'),
  when: name.optional().describe('A CEL expression: only records for which it is true count.'),
  side: z
    .enum(['debit', 'credit'])
    .default('debit')
    .describe('`credit`: the amount counts below zero.'),
})

const partsSchema = z.union([partSchema, z.array(partSchema).min(1)])

/** A sum that source and target have to agree about, worked out on either side for itself. */
export const totalSchema = z.strictObject({
  name: name.describe('What it is called in the reconciliation.'),
  source: partsSchema.describe('In the point, not through the mapping.'),
  target: partsSchema.describe('In the target.'),
  values: z
    .record(name, z.record(z.string(), value))
    .default({})
    .describe('By field under `by` of the source: what its values are called in the target.'),
})

/** The same, for who wants to say which of its parts is wrong. */
export const totalShape = totalSchema.extend({ source: z.unknown(), target: z.unknown() })
