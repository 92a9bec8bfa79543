import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReceivablesMap } from '#customer/finance-map'
import type { EntityName } from '#record/entity-name'
import { formatField } from '#record/row-text'
import { systemRandom } from '#stdx/random'
import { parseBusinessDay, parsePeriod } from '../business-day.ts'
import { formatDecimal, isoDecimals, parseDecimal } from '../decimal.ts'
import type { Receivables } from '../receivables.ts'
import { type AgeingRecords, ageReceivables } from './age-receivables.ts'
import type { ClearingRecord, DisputeRecord, ItemRecord, ReceiptRecord } from './records.ts'
import type { ControlRow } from './sum-controls.ts'

const signal = new AbortController().signal
const AS_OF = '2026-06-30'

type Parts = {
  readonly items?: readonly ItemRecord[]
  readonly receipts?: readonly ReceiptRecord[]
  readonly clearings?: readonly ClearingRecord[]
  readonly disputes?: readonly DisputeRecord[]
  readonly controls?: readonly ControlRow[]
  readonly asOf?: string
  readonly mixed?: boolean
}

type Aged = Pick<Receivables, 'breaks' | 'columns' | 'groups'>

async function age({ asOf = AS_OF, ...parts }: Parts): Promise<Aged> {
  // Batches of three, so that what belongs together comes apart.
  async function* batches<T>(all: readonly T[] = []) {
    for (let i = 0; i < all.length; i += 3) yield all.slice(i, i + 3)
  }
  const records: AgeingRecords = {
    items: () => batches(parts.items),
    receipts: () => batches(parts.receipts),
    clearings: () => batches(parts.clearings),
    disputes: () => batches(parts.disputes),
    controls: () => batches(parts.controls),
  }
  const place = { source: 'erp', entity: 'public.thing' as EntityName, line: 1 }
  const map = {
    overdueDays: [30, 60, 90],
    items: [place, place],
    receipts: [place],
    clearings: parts.mixed === true ? [{ ...place, items: 0, mixed: true }] : [],
    controls: parts.controls === undefined ? [] : [{ ...place, balance: 'balance' }],
  } as unknown as ReceivablesMap
  return await ageReceivables({ random: systemRandom, tempDir: tmpdir() }, map, records, {
    asOf: day(asOf),
    decimalsOf: isoDecimals,
    format: (amount, currency) => formatDecimal(amount, isoDecimals(currency ?? '')),
    signal,
  })
}

function day(text: string): number {
  return parseBusinessDay(text) ?? Number.NaN
}

function amountOf(text: string): bigint {
  const amount = parseDecimal(text)
  if (amount === undefined) throw new Error(`Not an amount: ${text}`)
  return amount
}

function numberOf(text: string): string {
  return formatField(formatField(text))
}

type ItemText = {
  readonly due?: string | null
  readonly posted?: string
  readonly company?: string
  readonly currency?: string
  readonly open?: string
  readonly reverses?: string
  readonly cleared?: string
  readonly items?: number
}

function item(number: string, amount: string, more: ItemText = {}): ItemRecord {
  const { cleared, company = '0100', currency = 'EUR', open, posted = '2026-01-02' } = more
  const { due = '2026-06-30', items = 0, reverses } = more
  return {
    items,
    number: numberOf(number),
    companyCode: company,
    currency,
    amount: amountOf(amount),
    postedOn: day(posted),
    dueOn: due === null ? null : day(due),
    clearedOn: cleared === undefined ? null : day(cleared),
    open: open === undefined ? null : amountOf(open),
    reverses: reverses === undefined ? null : numberOf(reverses),
    faults: due === null ? ['due'] : [],
  }
}

function receipt(number: string, amount: string, on: string, currency = 'EUR'): ReceiptRecord {
  return {
    receipts: 0,
    number: numberOf(number),
    companyCode: '0100',
    currency,
    amount: amountOf(amount),
    receivedOn: day(on),
    faults: [],
  }
}

function clearing(of: string, by: string | null, amount: string, on?: string): ClearingRecord {
  return {
    items: 0,
    item: numberOf(of),
    receipt: by === null ? null : numberOf(by),
    amount: amountOf(amount),
    clearedOn: on === undefined ? null : day(on),
    faults: [],
  }
}

function dispute(of: string, amount: string): DisputeRecord {
  return { items: 0, item: numberOf(of), amount: amountOf(amount), since: null, faults: [] }
}

function control(period: string, balance: string, more: Partial<ControlRow> = {}): ControlRow {
  return {
    controls: 0,
    companyCode: '0100',
    currency: 'EUR',
    account: '140000',
    periodText: period,
    period: parsePeriod(period) ?? null,
    hasPeriod: true,
    amount: amountOf(balance),
    ...more,
  }
}

/** The amounts of one group by the names of their columns, without those that are nothing. */
function amountsOf({ columns, groups }: Aged, currency = 'EUR'): Record<string, string> {
  const group = groups.find((one) => one.currency === currency)
  const all = columns.map((name, i) => [name, group?.amounts[i] ?? ''] as const)
  return Object.fromEntries(all.filter(([, amount]) => !/^-?[0.]*$/.test(amount)))
}

function breaksOf({ breaks }: Aged): Record<string, number> {
  return Object.fromEntries(breaks.map(({ count, kind }) => [kind, count]))
}

test('what is due today is not overdue, and each column ends with its day', async () => {
  const aged = await age({
    items: [
      item('today', '1.00', { due: '2026-06-30' }),
      item('tomorrow', '2.00', { due: '2026-07-01' }),
      item('one', '4.00', { due: '2026-06-29' }),
      item('thirty', '8.00', { due: '2026-05-31' }),
      item('thirty-one', '16.00', { due: '2026-05-30' }),
      item('sixty', '32.00', { due: '2026-05-01' }),
      item('ninety', '64.00', { due: '2026-04-01' }),
      item('ninety-one', '128.00', { due: '2026-03-31' }),
    ],
  })
  expect(amountsOf(aged)).toEqual({
    'not due': '3.00',
    '1-30': '12.00',
    '31-60': '48.00',
    '61-90': '64.00',
    'over 90': '128.00',
  })
  expect(aged.groups).toMatchObject([
    { items: 8, total: '255.00', control: null, difference: null },
  ])
  expect(aged.breaks).toEqual([])
})

test('a partial payment leaves the rest open, and what it did not pay is not applied', async () => {
  const aged = await age({
    items: [item('a', '100.00', { open: '60.00', due: '2026-06-01' }), item('b', '30.00')],
    receipts: [receipt('r', '75.50', '2026-06-10')],
    clearings: [clearing('a', 'r', '40.00'), clearing('b', 'r', '30.00')],
  })
  expect(amountsOf(aged)).toEqual({ '1-30': '60.00', 'not applied': '-5.50' })
  expect(aged.groups).toMatchObject([{ items: 1, total: '54.50' }])
  expect(aged.breaks).toEqual([])
})

test('a clearing between two that are neither items nor receipts is left out where they are mixed', async () => {
  const parts = {
    items: [item('a', '100.00')],
    receipts: [receipt('r', '40.00', '2026-06-01')],
    clearings: [clearing('a', 'r', '40.00'), clearing('other', 'else', '7.00')],
  }
  const told = { 'clearing-without-item': 1, 'clearing-without-receipt': 1 }
  expect(breaksOf(await age({ ...parts, mixed: true }))).toEqual({})
  expect(breaksOf(await age(parts))).toEqual(told)
  // One side alone is a loss in any case.
  const half = [clearing('a', 'else', '40.00'), clearing('other', 'r', '40.00')]
  expect(breaksOf(await age({ ...parts, clearings: half, mixed: true }))).toEqual(told)
})

test('receipts after the day are ignored, with all that they cleared', async () => {
  const parts = {
    items: [item('a', '100.00'), item('b', '50.00', { posted: '2026-07-01' })],
    receipts: [receipt('r', '100.00', '2026-07-01')],
    clearings: [clearing('a', 'r', '100.00')],
  }
  expect(amountsOf(await age(parts))).toEqual({ 'not due': '100.00' })
  expect(amountsOf(await age({ ...parts, asOf: '2026-07-01' }))).toEqual({ '1-30': '50.00' })
  // Paid on the day, cleared later: it is there, and applied to nothing yet.
  const cleared = [clearing('a', 'r', '100.00', '2026-07-02')]
  expect(amountsOf(await age({ ...parts, clearings: cleared, asOf: '2026-07-01' }))).toEqual({
    '1-30': '150.00',
    'not applied': '-100.00',
  })
})

test('a credit note is set off against its invoice, in part or in full, or stands alone', async () => {
  const aged = await age({
    items: [
      item('invoice', '119.00', { open: '0.00' }),
      item('memo', '-119.00', { reverses: 'invoice', open: '0.00' }),
      item('other', '50.00', { due: '2026-06-01' }),
      item('part', '-20.00', { reverses: 'other' }),
      item('alone', '-7.00', { due: '2026-05-01' }),
      item('lost', '-3.00', { reverses: 'nowhere' }),
    ],
  })
  expect(amountsOf(aged)).toEqual({ '1-30': '30.00', '31-60': '-7.00', 'not applied': '-3.00' })
  expect(breaksOf(aged)).toEqual({ 'clearing-without-item': 1 })
})

test('currencies stand apart, each with its decimals', async () => {
  const aged = await age({
    items: [
      item('e', '0.10'),
      item('f', '0.20'),
      item('y', '1200', { currency: 'JPY' }),
      item('d', '1.125', { currency: 'KWD' }),
      item('x', '0.005', { currency: 'USD' }),
    ],
  })
  const totals = aged.groups.map(({ currency, total }) => `${currency} ${total}`)
  expect(totals).toEqual(['EUR 0.30', 'JPY 1200', 'KWD 1.125', 'USD 0.005'])
  expect(breaksOf(aged)).toEqual({ 'amount-too-fine': 1 })
})

test('an open item without a due date is told and stands in a column of its own', async () => {
  const aged = await age({ items: [item('a', '5.00', { due: null }), item('b', '1.00')] })
  expect(amountsOf(aged)).toEqual({ 'not due': '1.00', 'no due date': '5.00' })
  expect(aged.breaks).toMatchObject([
    { kind: 'due-missing', count: 1, shown: [{ number: ['a'], amounts: { open: '5.00' } }] },
  ])
})

test('a dispute is part of what is open, and never more', async () => {
  const aged = await age({
    items: [item('a', '100.00'), item('b', '40.00'), item('paid', '9.00')],
    clearings: [clearing('b', null, '30.00', '2026-06-01'), clearing('paid', null, '9.00')],
    disputes: [dispute('a', '25.00'), dispute('b', '40.00'), dispute('paid', '9.00')],
  })
  expect(aged.groups).toMatchObject([{ total: '110.00', disputed: '35.00' }])
})

test('an item that is cleared as a whole is open until its day', async () => {
  const items = [item('a', '10.00', { cleared: '2026-06-30' })]
  expect(amountsOf(await age({ items }))).toEqual({})
  expect(amountsOf(await age({ items, asOf: '2026-06-29' }))).toEqual({ 'not due': '10.00' })
})

test('control accounts tie out, with what is dated later in their period', async () => {
  const aged = await age({
    asOf: '2026-06-15',
    items: [item('a', '100.00'), item('b', '30.00', { posted: '2026-06-20' })],
    receipts: [receipt('r', '40.00', '2026-06-18')],
    clearings: [clearing('a', 'r', '40.00')],
    controls: [
      control('2026-05', '70.00'),
      control('2026-06', '50.00'),
      control('2026-06', '40.00', { account: '141000' }),
      control('2026-07', '999.00'),
    ],
  })
  expect(aged.groups).toMatchObject([
    { total: '100.00', later: '-10.00', control: '90.00', difference: '0.00' },
  ])
  expect(aged.breaks).toEqual([])
})

test('every break is told with its amounts', async () => {
  const aged = await age({
    items: [
      item('a', '100.00', { open: '98.00' }),
      item('b', '10.00'),
      item('c', '1.00', { company: '0200' }),
      item('twice', '2.00'),
      item('twice', '3.00'),
    ],
    receipts: [receipt('r', '5.00', '2026-06-01')],
    clearings: [
      clearing('b', 'r', '12.00'),
      clearing('c', 'r', '1.00'),
      clearing('gone', 'r', '1.00'),
      clearing('a', 'lost', '1.00'),
    ],
    disputes: [dispute('gone', '1.00')],
    controls: [control('2026-06', '104.00'), control('June', '1.00', { period: null })],
  })
  expect(breaksOf(aged)).toEqual({
    'control-differs': 1,
    'balance-unreadable': 1,
    'open-differs': 1,
    'item-overcleared': 1,
    'item-duplicate': 1,
    'clearing-without-item': 1,
    'clearing-without-receipt': 1,
    'clearing-differs': 1,
    'receipt-overspent': 1,
    'dispute-without-item': 1,
  })
  const of = (kind: string) => aged.breaks.find((one) => one.kind === kind)?.shown
  expect(of('receipt-overspent')).toMatchObject([{ number: ['r'], amounts: { over: '9.00' } }])
  expect(of('item-overcleared')).toMatchObject([{ amounts: { amount: '10.00', open: '-2.00' } }])
  expect(of('open-differs')).toMatchObject([{ amounts: { recorded: '98.00', computed: '99.00' } }])
  expect(of('control-differs')).toMatchObject([
    { companyCode: '0100', amounts: { control: '104.00', total: '110.00', difference: '-6.00' } },
  ])
})

test('of many breaks of a kind the first are shown, in the order of their numbers', async () => {
  const numbers = Array.from({ length: 130 }, (_, i) => String(1000 + i))
  const items = numbers.map((number) => item(number, '1.00', { due: null })).reverse()
  const [found] = (await age({ items })).breaks
  expect(found).toMatchObject({ kind: 'due-missing', count: 130 })
  expect(found?.shown.map(({ number }) => number[0])).toEqual(numbers.slice(0, 50))
})

const cents = fc.integer({ min: 1, max: 1_000_000 })
const days = fc.integer({ min: day('2026-01-01'), max: day('2026-12-31') })
const world = fc.record({
  items: fc.array(
    fc.record({ cents, posted: days, due: days, company: fc.constantFrom('1', '2') }),
    { maxLength: 12 },
  ),
  receipts: fc.array(fc.record({ cents, on: days }), { maxLength: 8 }),
  clearings: fc.array(
    fc.record({ item: fc.nat(11), receipt: fc.option(fc.nat(7)), cents, on: fc.option(days) }),
    { maxLength: 20 },
  ),
  asOf: days,
})

type World = typeof world extends fc.Arbitrary<infer T> ? T : never

/** The columns by company code in cents, computed without a sort, a line or a decimal. */
function computePlainly({ asOf, clearings, items, receipts }: World): Map<string, number> {
  const sums = new Map<string, number>()
  const add = (company: string, column: string, cents: number) => {
    sums.set(`${company} ${column}`, (sums.get(`${company} ${column}`) ?? 0) + cents)
  }
  const counted = clearings.filter(({ on, receipt }) => {
    const received = receipt === null ? null : (receipts[receipt]?.on ?? null)
    return (on ?? 0) <= asOf && (received ?? 0) <= asOf
  })
  const sumOf = (own: typeof counted) => own.reduce((sum, one) => sum + one.cents, 0)
  for (const [i, { cents, company, due, posted }] of items.entries()) {
    const paid = sumOf(counted.filter((one) => one.item === i))
    if (posted > asOf) add(company, 'not applied', -paid)
    else add(company, columnOf(asOf - due), cents - paid)
  }
  for (const [i, { cents, on }] of receipts.entries()) {
    const spent = sumOf(counted.filter((one) => one.receipt === i))
    if (on <= asOf) add('0100', 'not applied', spent - cents)
  }
  return sums
}

function columnOf(daysLate: number): string {
  if (daysLate <= 0) return 'not due'
  if (daysLate > 90) return 'over 90'
  return daysLate <= 30 ? '1-30' : daysLate <= 60 ? '31-60' : '61-90'
}

function partsOf({ asOf, clearings, items, receipts }: World) {
  const date = (of: number) => new Date(of * 86_400_000).toISOString().slice(0, 10)
  const text = (of: number) => formatDecimal(BigInt(of) * 10n ** 8n, 2)
  return {
    asOf: date(asOf),
    items: items.map(({ cents, company, due, posted }, i) => {
      return item(String(i), text(cents), { company, due: date(due), posted: date(posted) })
    }),
    receipts: receipts.map(({ cents, on }, i) => receipt(String(i), text(cents), date(on))),
    clearings: clearings.map(({ cents, item, on, receipt }) => {
      const by = receipt === null ? null : String(receipt)
      return clearing(String(item), by, text(cents), on === null ? undefined : date(on))
    }),
  }
}

test('the ageing is what a plain computation gives, whatever the order of the records', async () => {
  await fc.assert(
    fc.asyncProperty(world, fc.integer(), async (any, seed) => {
      const { items, receipts } = any
      const clearings = any.clearings.filter(({ item, receipt }) => {
        return item < items.length && (receipt === null || receipt < receipts.length)
      })
      const parts = partsOf({ ...any, clearings })
      const aged = await age(parts)
      const found = aged.groups.flatMap(({ amounts, companyCode }) => {
        return aged.columns.map((name, i) => [`${companyCode} ${name}`, amounts[i]] as const)
      })
      const sums = computePlainly({ ...any, clearings })
      const wanted = (name: string) => formatDecimal(BigInt(sums.get(name) ?? 0) * 10n ** 8n, 2)
      expect(found).toEqual(found.map(([name]) => [name, wanted(name)]))
      for (const name of sums.keys()) expect(found.map(([one]) => one)).toContain(name)

      const turn = <T>(all: readonly T[]) => all.toSorted((a, b) => compare(a, b, seed))
      const turned = {
        asOf: parts.asOf,
        items: turn(parts.items),
        receipts: turn(parts.receipts),
        clearings: turn(parts.clearings),
      }
      expect(JSON.stringify(await age(turned))).toBe(JSON.stringify(aged))
    }),
    { numRuns: 150 },
  )
})

/** Some order that depends on the seed alone. */
function compare(a: unknown, b: unknown, seed: number): number {
  const weigh = (of: unknown) => {
    const text = JSON.stringify(of, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
    return Array.from(text).reduce((sum, one) => (sum * 31 + one.charCodeAt(0) + seed) | 0, seed)
  }
  return weigh(a) - weigh(b)
}
