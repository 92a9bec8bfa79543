import * as z from 'zod'
import { financeSchema } from './finance-schema.ts'
import { ROLES } from './roles.ts'

/**
 * What may stand in `customers.yaml`, one definition, from which the checks, the reference page and
 * the JSON Schema for editors follow.
 */

const name = z.string().min(1)
const names = z.array(name).min(1)

export const LINK_KINDS = ['child', 'reference', 'same'] as const
export const IDENTITY_FIELDS = ['number', 'name', 'taxId', 'email', 'iban'] as const
/** By these nobody is found or taken for another; they only tell who is like whom. */
export const LIKENESS_FIELDS = ['street', 'postcode', 'phone'] as const

export const linkSchema = z.strictObject({
  fields: names.describe('The fields of this entity that hold the key of another record.'),
  to: name.describe('The entity they point to; this one itself for a hierarchy.'),
  source: name
    .optional()
    .describe('The source of that entity, where it lives in another system; default: this source.'),
  toFields: names
    .optional()
    .describe('What they are compared with over there, in the same order; default: its key.'),
  kind: z
    .enum(LINK_KINDS)
    .default('child')
    .describe(
      '`child`: this record belongs to the other one and comes with it. `reference`: this record needs the other one, which is not its. `same`: both are one party, or this record says that two others are.',
    ),
  when: z
    .record(name, z.string())
    .optional()
    .describe(
      'Only where these fields hold these values: several links of one field, each with its `when`, are a polymorphic link.',
    ),
  none: z
    .array(z.string())
    .optional()
    .describe('Values that mean "no other record", besides null: an empty text, 0.'),
  rowsMax: z
    .int()
    .min(1)
    .optional()
    .describe(
      'A closure takes at most so many records over this link from one record, and says so.',
    ),
})

const identityField = (help: string) => name.optional().describe(help)

export const identitySchema = z.strictObject({
  number: identityField('The number people know the party by.'),
  name: identityField('Its name.'),
  taxId: identityField('Its tax id.'),
  email: identityField('Its e-mail address.'),
  iban: identityField('The IBAN of its bank account.'),
  street: identityField('Its street; like the next two only for `customer match`.'),
  postcode: identityField('Its postcode.'),
  phone: identityField('Its telephone number.'),
  none: z
    .array(z.string())
    .default([])
    .describe(
      'Values of these fields that say nothing of who somebody is, besides null and an empty text: `N/A`, `00000000`.',
    ),
})

export const openSchema = z.strictObject({
  field: name.describe('The field that says whether a record may still be used.'),
  values: z
    .array(z.string())
    .min(1)
    .describe('The values with which it may; with any other, null included, it is closed.'),
})

export const periodSchema = z.strictObject({
  date: name.describe('The field of this entity with the day that it is posted on.'),
  fields: names.describe('The fields of this entity that say whose periods count: a company code.'),
  to: name.describe('The entity that holds the periods, or what is locked.'),
  source: name
    .optional()
    .describe('The source of that entity, where it lives in another system; default: this source.'),
  toFields: names
    .optional()
    .describe('What `fields` are compared with over there, in the same order; default: its key.'),
  from: name
    .optional()
    .describe('Its field with the first day of a period; whether it is open says its `open`.'),
  until: name.optional().describe('Its field with the last day of a period.'),
  lockedUntil: name
    .optional()
    .describe('Instead of `from` and `until`: its field with the last day that is closed.'),
})

export const entitySchema = z.strictObject({
  role: z.enum(ROLES).describe('What it is to a customer, in a word of the fixed vocabulary.'),
  key: names
    .optional()
    .describe('The fields that identify a record; default: the key that the source declares.'),
  identity: identitySchema
    .optional()
    .describe('The fields by which a party is found and told from others.'),
  links: z.array(linkSchema).default([]).describe('Where its records hang.'),
  classes: z
    .record(name, names)
    .optional()
    .describe(
      'Fields by class, like `bank: [iban, bic]`: a restore decides conflicts class by class. Fields of none are of the class `default`.',
    ),
  open: openSchema
    .optional()
    .describe('When a record may still be used: of reference data and of posting periods.'),
  period: periodSchema
    .optional()
    .describe(
      'Where the posting periods of its records are: those of a closed one are not changed.',
    ),
})

export const sourceMapSchema = z.strictObject({
  entities: z
    .record(name, entitySchema)
    .describe('The entities that customers are made of, and what they rest on, by name.'),
  leftOut: z
    .array(name)
    .default([])
    .describe('Entities that are no part of any customer: somebody has looked.'),
  sideEffects: z
    .record(name, name)
    .optional()
    .describe(
      'Entities whose rows a program acts on by itself, and what it does, like `main.mail_out: the mailer sends it`. A restore that writes such rows says so, and needs `--accept-side-effects`.',
    ),
})

const rowsMax = (fallback: number, help: string) => z.int().min(1).default(fallback).describe(help)

export const boundsSchema = z.strictObject({
  rowsMax: rowsMax(100_000, 'The most records that one closure holds.'),
  rowsPerLinkMax: rowsMax(
    10_000,
    'The most records that a closure takes over one link from one record; `rowsMax` of a link wins.',
  ),
})

/** The file without its sources, which are checked one by one. */
export const outlineSchema = z.strictObject({
  version: z.literal(1).describe('Of this format: 1.'),
  match: z
    .array(z.enum(['taxId', 'email', 'iban', 'number']))
    .default([])
    .describe(
      'Parties of different sources that hold the same value in such a field, exactly, are one.',
    ),
  bounds: boundsSchema
    .prefault({})
    .describe('How far a closure goes before it stops and says where.'),
  finance: financeSchema
    .optional()
    .describe('Where receivables, receipts and balances of the general ledger lie, for reports.'),
  sources: z.record(name, z.unknown()).describe('The systems in which customers live, by name.'),
})

export const mapFileSchema = outlineSchema.extend({
  sources: z
    .record(name, sourceMapSchema)
    .describe('The systems in which customers live, by name.'),
})

export type LinkKind = (typeof LINK_KINDS)[number]
export type IdentityField = (typeof IDENTITY_FIELDS)[number]
export type LikenessField = (typeof LIKENESS_FIELDS)[number]
export type LinkSettings = z.infer<typeof linkSchema>
export type PeriodSettings = z.infer<typeof periodSchema>
export type EntitySettings = z.infer<typeof entitySchema>
