import * as z from 'zod'

/**
 * What may stand under `finance` in `customers.yaml`: where amounts that customers owe lie, what was
 * received for them, and what the general ledger says. The reports read nothing else.
 */

const name = z.string().min(1)
const names = z.array(name).min(1)

const place = {
  source: name.describe('The source that holds it.'),
  entity: name.describe('The entity, which may also be one that the map leaves out.'),
}

const wanted = z.union([z.array(z.string().nullable()).min(1), z.strictObject({ field: name })])

const conditions = {
  when: z
    .record(name, wanted)
    .optional()
    .describe(
      'Only records that hold one of these values (`null`: none) in each of these fields, or with `{ field: NAME }` what that field holds.',
    ),
  unless: z
    .record(name, wanted)
    .optional()
    .describe('Not the records that hold one of these in one of these fields.'),
}

/** What another entity of the source calls what a field holds: the name of a currency by its number. */
const lookupSchema = z.strictObject({ field: name, entity: name, key: name, value: name })

/** A field, what is the same in all records, or what another entity says of the field. */
const fieldOrSame = (help: string) =>
  z
    .union([name, z.strictObject({ is: name }), lookupSchema])
    .describe(
      `${help} A field, \`{ is: VALUE }\`, or \`{ field, entity, key, value }\`: what \`value\` holds where \`key\` of another entity of the source holds the same as the field.`,
    )

const amount = z
  .union([name, z.strictObject({ debit: name, credit: name })])
  .describe('The field of the amount, or `{ debit, credit }`: two fields, the one less the other.')

const side = z
  .union([
    z.enum(['debit', 'credit']),
    z.strictObject({ field: name, credit: z.array(z.string()).min(1) }),
  ])
  .default('debit')
  .describe(
    '`debit`: an amount above zero is owed by the customer. `credit`: to the customer. `{ field, credit: [H] }`: a field says it of each record.',
  )

const date = (help: string) => name.optional().describe(help)

export const itemsSchema = z.strictObject({
  ...place,
  number: names.describe('The fields that clearings name it by.'),
  companyCode: fieldOrSame('Of which company code it is.'),
  currency: fieldOrSame('In which currency.'),
  amount,
  side,
  date: date('When it was posted: later ones are not there yet. Default: all are there.'),
  due: date('When it is to be paid. Default: never, it stands in its own column.'),
  cleared: date('When it was cleared as a whole, where the system keeps no clearings.'),
  open: name
    .optional()
    .describe('What the system itself says is open, in the currency: compared, never used.'),
  reverses: names
    .optional()
    .describe('The fields that name the item which this one, a credit note, is set off against.'),
  ...conditions,
})

const paidSide = z
  .enum(['debit', 'credit'])
  .default('debit')
  .describe('`debit`: an amount above zero was paid. `credit`: one below zero was.')

export const receiptsSchema = z.strictObject({
  ...place,
  number: names.describe('The fields that clearings name it by.'),
  companyCode: fieldOrSame('Of which company code it is.'),
  currency: fieldOrSame('In which currency.'),
  amount,
  side: paidSide,
  date: name.describe('When it was received: later ones are ignored.'),
  ...conditions,
})

export const clearingsSchema = z.strictObject({
  ...place,
  item: names.describe('The fields that name the open item.'),
  to: name.optional().describe('The entity of the item, where there are several.'),
  receipt: names.optional().describe('The fields that name the receipt, which then has the date.'),
  date: date('When it was cleared. Default: when the receipt was received.'),
  amount,
  side: paidSide,
  mixed: z
    .boolean()
    .default(false)
    .describe(
      'Whether it also holds what has to do with neither an item nor a receipt: that is left out.',
    ),
  ...conditions,
})

export const disputesSchema = z.strictObject({
  ...place,
  item: names.describe('The fields that name the open item.'),
  to: name.optional().describe('The entity of the item, where there are several.'),
  amount,
  date: date('Since when: later ones are ignored.'),
  ...conditions,
})

export const controlsSchema = z.strictObject({
  ...place,
  companyCode: fieldOrSame('Of which company code the balance is.'),
  currency: fieldOrSame('In which currency.'),
  account: name.describe('The account.'),
  accounts: z.array(z.string()).min(1).describe('The control accounts of receivables.'),
  period: z
    .union([name, names])
    .optional()
    .describe(
      'The month or day up to which a balance runs, like 2026-06 or 2026-06-30; several fields are joined. Default: one balance, as of the point.',
    ),
  balance: name.optional().describe('The balance at the end of the period.'),
  debit: name.optional().describe('What the period was debited, where there is no balance.'),
  credit: name.optional().describe('What the period was credited, where there is no balance.'),
  ...conditions,
})

export const currenciesSchema = z.strictObject({
  ...place,
  code: name.describe('The code of the currency.'),
  decimals: name.describe('How many decimals it has.'),
})

export const receivablesSchema = z.strictObject({
  overdueDays: z
    .array(z.int().min(1))
    .min(1)
    .refine((days) => days.every((day, i) => i === 0 || day > (days[i - 1] ?? 0)), 'need to rise')
    .default([30, 60, 90])
    .describe('Where one column of days overdue ends and the next begins.'),
  currencies: currenciesSchema
    .optional()
    .describe('How many decimals currencies have. Default: as ISO 4217 says.'),
  items: z.array(itemsSchema).min(1).describe('What customers owe: invoices and credit notes.'),
  receipts: z.array(receiptsSchema).default([]).describe('What was received from them.'),
  clearings: z
    .array(clearingsSchema)
    .default([])
    .describe('Which item was paid, how much of it, and by which receipt.'),
  disputes: z.array(disputesSchema).default([]).describe('What they do not agree to.'),
  controls: z
    .array(controlsSchema)
    .default([])
    .describe('What the general ledger says that they owe.'),
})

export const financeSchema = z.strictObject({
  receivables: receivablesSchema
    .optional()
    .describe('What customers owe, for `holdfast report receivables`.'),
})

/** All of them, for whoever misspells one of their keys. */
export const FINANCE_SCHEMAS = [
  financeSchema,
  receivablesSchema,
  currenciesSchema,
  itemsSchema,
  receiptsSchema,
  clearingsSchema,
  disputesSchema,
  controlsSchema,
]

export type LookupSettings = z.infer<typeof lookupSchema>
export type ReceivablesSettings = z.infer<typeof receivablesSchema>
