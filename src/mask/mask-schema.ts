import * as z from 'zod'

/**
 * What may stand in a mask file, one definition, from which the checks and the JSON Schema for editors
 * follow.
 */

/** What becomes of the values of a field. */
export const MASKERS = [
  'iban',
  'taxId',
  'email',
  'phone',
  'name',
  'company',
  'street',
  'city',
  'postcode',
  'code',
  'freeText',
  'date',
  'redact',
  'null',
  'keep',
] as const

export type MaskerName = (typeof MASKERS)[number]

const name = z.string().min(1)
const masker = z.enum(MASKERS)
const fields = z.record(name, masker)

export const maskFileSchema = z.strictObject({
  version: z.literal(1).describe('The version of this format.'),
  keyFile: name
    .optional()
    .describe(
      'A file with a secret of at least 16 characters, from the folder of the mask file: with the same secret the same value is masked the same, today and later. Default: a secret of one run, kept nowhere.',
    ),
  unlisted: z
    .enum(['keep', 'redact'])
    .optional()
    .describe('What becomes of text fields that no rule names. Default: they are refused.'),
  fields: fields
    .default({})
    .describe('Rules for all fields of a name, in every entity that says nothing else of it.'),
  identity: fields
    .default({})
    .describe(
      'Rules for what the customer map calls number, name, taxId, email, iban, street, postcode or phone under `identity`, whatever the fields are called.',
    ),
  classes: fields
    .default({})
    .describe('Rules for the classes of fields that the customer map names under `classes`.'),
  roles: z
    .record(name, fields)
    .default({})
    .describe(
      'Rules by field for all entities that have a role in the customer map, such as bank-account.',
    ),
  sources: z
    .record(name, z.record(name, fields))
    .default({})
    .describe('Rules by source, entity and field.'),
})
