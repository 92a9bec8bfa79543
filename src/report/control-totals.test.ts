import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import { type ControlTotal, fieldsOfPart, readTotalPart, TotalSums } from './control-totals.ts'
import { formatDecimal } from './decimal.ts'

const INVOICES = {
  entity: parseEntityName('main.invoice'),
  amount: 'open',
  by: ['company', 'currency'],
  side: 'debit',
} as const
const ITEMS = {
  entity: parseEntityName('main.item'),
  amount: 'rest',
  by: ['bukrs', { is: 'EUR' }],
  side: 'debit',
} as const
const TOTAL: ControlTotal = {
  name: 'open receivables',
  source: [INVOICES, { ...INVOICES, entity: parseEntityName('main.credit'), side: 'credit' }],
  target: [ITEMS],
  values: { company: { '0100': 'DE01' } },
}

function sum(source: readonly (readonly (string | null)[])[], target: typeof source) {
  const sums = new TotalSums(TOTAL)
  const read = readTotalPart(INVOICES, TOTAL.values)
  const readTarget = readTotalPart(ITEMS, {})
  for (const record of source) sums.add('source', read(record))
  for (const record of target) sums.add('target', readTarget(record))
  return sums.judge()
}

test('groups are compared under the names of the target, to the last digit', () => {
  expect(fieldsOfPart(INVOICES)).toEqual(['open', 'company', 'currency'])
  expect(fieldsOfPart(ITEMS)).toEqual(['rest', 'bukrs'])
  const same = sum(
    [
      ['100.10', '0100', 'EUR'],
      ['0.2', '0100', 'EUR'],
    ],
    [['100.30', 'DE01']],
  )
  expect(same).toEqual({
    name: 'open receivables',
    verdict: 'same',
    by: ['company', 'currency'],
    groups: [
      {
        by: ['DE01', 'EUR'],
        source: { records: 2, amount: '100.30', empty: 0, unreadable: 0 },
        target: { records: 1, amount: '100.30', empty: 0, unreadable: 0 },
        difference: '0.00',
      },
    ],
  })
  expect(sum([['100.30', '0100', 'EUR']], [['100.3000000001', 'DE01']])).toMatchObject({
    verdict: 'differs',
    groups: [{ difference: '0.0000000001' }],
  })
})

test('a group of one side alone differs, and so does what cannot be read; nulls count as nothing', () => {
  const apart = sum([['1', '0200', null]], [['1', '0200']])
  expect(apart.verdict).toBe('differs')
  expect(apart.groups.map(({ by, difference }) => [by, difference])).toEqual([
    [['0200', null], '-1.00'],
    [['0200', 'EUR'], '1.00'],
  ])
  expect(sum([[null, '0100', 'EUR']], [['0', 'DE01']])).toMatchObject({
    verdict: 'same',
    groups: [{ source: { records: 1, empty: 1 } }],
  })
  expect(sum([['1e2', '0100', 'EUR']], [['0', 'DE01']])).toMatchObject({
    verdict: 'differs',
    groups: [{ source: { unreadable: 1, amount: '0.00' }, difference: '0.00' }],
  })
})

test('one value for all records counts them', () => {
  const part = { ...INVOICES, amount: { is: '1' } } as const
  expect(fieldsOfPart(part)).toEqual(['company', 'currency'])
  expect(readTotalPart(part, TOTAL.values)(['0100', 'EUR'])).toEqual({
    by: ['DE01', 'EUR'],
    amount: 10_000_000_000n,
  })
})

test('credits count below zero', () => {
  const [, credit] = TOTAL.source
  if (credit === undefined) throw new Error('Two parts.')
  expect(readTotalPart(credit, {})(['1.5', null, null]).amount).toBe(-15_000_000_000n)
})

test('whatever is summed up, and in whatever order, the difference is exact', () => {
  const cents = fc.array(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }))
  const toText = (value: bigint) => formatDecimal(value * 10n ** 8n, 2)
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      const records = (list: readonly bigint[], ...by: string[]) =>
        list.map((value) => [toText(value), ...by])
      const found = sum(records(a, '0100', 'EUR'), records(b, 'DE01'))
      const again = sum(records(a.toReversed(), '0100', 'EUR'), records(b.toReversed(), 'DE01'))
      expect(again).toEqual(found)
      const total = (list: readonly bigint[]) => list.reduce((all, one) => all + one, 0n)
      if (a.length + b.length > 0)
        expect(found.groups[0]?.difference).toBe(toText(total(b) - total(a)))
      expect(found.verdict).toBe(total(a) === total(b) ? 'same' : 'differs')
    }),
  )
})

test('a total by what every record has of its own is refused', () => {
  const sums = new TotalSums(TOTAL)
  const add = (i: number) => sums.add('source', { by: [String(i)], amount: 0n })
  for (let i = 0; i < 10_000; i++) add(i)
  expect(() => add(10_000)).toThrow(expect.objectContaining({ code: 'report.totals-too-many' }))
})
