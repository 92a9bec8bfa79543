import { expect, test } from 'vitest'
import { parseMap } from '../parse-map.ts'

const MAP = `version: 1
sources:
  erp:
    entities:
      public.customer: { role: customer }
finance:
  receivables:
    items:
      - source: erp
        entity: public.invoice
        number: [company, number]
        companyCode: company
        currency: { is: EUR }
        amount: { debit: owed, credit: paid }
        side: { field: sign, credit: [H] }
        due: due_on
        reverses: [company, cancels]
        unless: { status: [draft, held] }
    receipts:
      - { source: erp, entity: public.receipt, number: [id], companyCode: company, currency: currency, date: day, amount: amount }
    clearings:
      - { source: erp, entity: public.clearing, item: [company, invoice], receipt: [receipt], amount: amount }
    controls:
      - { source: erp, entity: public.balance, companyCode: company, currency: currency, account: account, accounts: ['140000'], period: [year, month], balance: balance }
`

test('parseMap() reads where finance finds what customers owe', () => {
  const { receivables } = parseMap(MAP, 'customers.yaml').finance
  expect(receivables).toMatchObject({
    overdueDays: [30, 60, 90],
    items: [
      {
        line: 9,
        entity: 'public.invoice',
        number: ['company', 'number'],
        currency: { is: 'EUR' },
        amount: { debit: 'owed', credit: 'paid' },
        side: { field: 'sign', credit: ['H'] },
        unless: { status: ['draft', 'held'] },
      },
    ],
    clearings: [{ items: 0, receipt: ['receipt'] }],
    disputes: [],
    controls: [{ period: ['year', 'month'] }],
  })
  expect(receivables?.currencies).toBeUndefined()
})

test('a map without finance has no receivables', () => {
  const [text = ''] = MAP.split('finance:')
  expect(parseMap(text, 'customers.yaml').finance).toEqual({ receivables: undefined })
})

test('parseMap() tells what is wrong with finance by its lines', () => {
  const bad = MAP.replace('entity: public.invoice', 'entity: public invoice')
    .replace('reverses: [company, cancels]', 'reverses: [cancels]')
    .replace('- { source: erp, entity: public.receipt', '- { source: epr, entity: public.receipt')
    .replace('receipt: [receipt]', 'receipt: [company, receipt]')
    .replace('item: [company, invoice]', 'item: [invoice]')
    .replace(', balance: balance', ', debit: debit')
  expect(problemsOf(bad)).toEqual([
    [
      10,
      '"public invoice" is no name of an entity: need names joined by dots, quoted with " where they are not plain',
    ],
    [17, '1 fields cannot be the number of an item, which is company, number'],
    [20, '"epr" is no source of the map; did you mean "erp"?'],
    [22, '2 fields cannot be the number of a receipt, which is id'],
    [22, '1 fields cannot be the number of an item, which is company, number'],
    [24, 'controls need either "balance" or both "debit" and "credit"'],
  ])
  expect(problemsOf(MAP.replace('reverses:', 'reverse:'))).toEqual([
    [17, '"reverse" is nothing that the map can have; did you mean "reverses"?'],
  ])
})

test('parseMap() wants to know which of several items a clearing is of', () => {
  const several = MAP.replace(
    '    receipts:',
    `      - { source: erp, entity: public.memo, number: [id], companyCode: company, currency: currency, amount: amount }
    receipts:`,
  )
  expect(problemsOf(several)).toEqual([[23, 'there are several items: say which with "to"']])
  const named = several.replace('item: [company, invoice]', 'to: public.memo, item: [invoice]')
  const { receivables } = parseMap(named, 'customers.yaml').finance
  expect(receivables?.clearings).toMatchObject([{ items: 1 }])
})

function problemsOf(text: string): unknown[] {
  try {
    parseMap(text, 'customers.yaml')
  } catch (error) {
    const { details } = error as { details: { problems: { line: number; problem: string }[] } }
    return details.problems
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, problem }) => [line, problem])
  }
  return []
}
