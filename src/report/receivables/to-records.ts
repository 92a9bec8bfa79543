import type { ClearingsMap, DisputesMap, ItemsMap, ReceiptsMap } from '#customer/finance-map'
import type { LookupSettings } from '#customer/finance-schema'
import { formatField } from '#record/row-text'
import { parseBusinessDay } from '../business-day.ts'
import { parseDecimal } from '../decimal.ts'
import type { Named } from './entities-at.ts'
import type { Lookups } from './lookups.ts'
import type { Conditions, Values } from './read-values.ts'
import type { ClearingRecord, DisputeRecord, Fault, ItemRecord, ReceiptRecord } from './records.ts'

/** How the records of an entity are read: which of their fields, and what becomes of the values. */
export type RecordReader<T> = {
  readonly fields: readonly string[]
  read(values: Values): T
}

type FieldOrSame = string | { readonly is: string } | LookupSettings
/** Where a part of the map stands, and what is looked up for it. */
type Place = Pick<Named, 'line' | 'source'>
type AmountOf = string | { readonly debit: string; readonly credit: string }

export function itemReader(
  map: ItemsMap,
  items: number,
  lookups: Lookups,
): RecordReader<ItemRecord> {
  const asked = new AskedFields(map, lookups)
  const number = asked.number(map.number)
  const companyCode = asked.text(map.companyCode)
  const currency = asked.text(map.currency)
  const amount = asked.amount(map.amount)
  const side = asked.side(map.side)
  const postedOn = asked.day(map.date)
  const dueOn = asked.day(map.due)
  const clearedOn = asked.value(map.cleared)
  const open = asked.value(map.open)
  const reverses = asked.number(map.reverses ?? [])
  return asked.reader((values) => {
    const faults: Fault[] = []
    const sign = side(values)
    const recorded = open(values)
    const own = number(values)
    if (own.isNull) faults.push('number')
    const set = reverses(values)
    return {
      items,
      number: own.text,
      companyCode: companyCode(values, faults, 'company'),
      currency: currency(values, faults, 'currency'),
      amount: sign * amount(values, faults),
      postedOn: postedOn(values, faults, 'date'),
      dueOn: dueOn(values, faults, 'due'),
      clearedOn: parseBusinessDay(clearedOn(values) ?? '') ?? null,
      open: recorded === null ? null : toOpen(recorded, sign),
      reverses: map.reverses === undefined || set.isNull ? null : set.text,
      faults,
    }
  })
}

export function receiptReader(
  map: ReceiptsMap,
  receipts: number,
  lookups: Lookups,
): RecordReader<ReceiptRecord> {
  const asked = new AskedFields(map, lookups)
  const number = asked.number(map.number)
  const companyCode = asked.text(map.companyCode)
  const currency = asked.text(map.currency)
  const amount = asked.amount(map.amount)
  const side = asked.side(map.side)
  const receivedOn = asked.day(map.date)
  return asked.reader((values) => {
    const faults: Fault[] = []
    return {
      receipts,
      number: number(values).text,
      companyCode: companyCode(values, faults, 'company'),
      currency: currency(values, faults, 'currency'),
      amount: side(values) * amount(values, faults),
      receivedOn: receivedOn(values, faults, 'date'),
      faults,
    }
  })
}

export function clearingReader(map: ClearingsMap, lookups: Lookups): RecordReader<ClearingRecord> {
  const asked = new AskedFields(map, lookups)
  const item = asked.number(map.item)
  const receipt = asked.number(map.receipt ?? [])
  const amount = asked.amount(map.amount)
  const side = asked.side(map.side)
  const clearedOn = asked.day(map.date)
  return asked.reader((values) => {
    const faults: Fault[] = []
    const by = receipt(values)
    const of = item(values)
    return {
      items: map.items,
      item: of.isNull ? null : of.text,
      receipt: map.receipt === undefined || by.isNull ? null : by.text,
      amount: side(values) * amount(values, faults),
      clearedOn: clearedOn(values, faults, 'date'),
      faults,
    }
  })
}

export function disputeReader(map: DisputesMap, lookups: Lookups): RecordReader<DisputeRecord> {
  const asked = new AskedFields(map, lookups)
  const item = asked.number(map.item)
  const amount = asked.amount(map.amount)
  const since = asked.day(map.date)
  return asked.reader((values) => {
    const faults: Fault[] = []
    const of = item(values)
    return {
      items: map.items,
      item: of.isNull ? null : of.text,
      amount: amount(values, faults),
      since: since(values, faults, 'date'),
      faults,
    }
  })
}

/** All fields that a part of the map names. */
export function conditionFields({ unless, when }: Conditions): string[] {
  return [when, unless].flatMap((all) => {
    return Object.entries(all ?? {}).flatMap(([field, wanted]) => {
      return 'field' in wanted ? [field, wanted.field] : [field]
    })
  })
}

/** Gathers which fields are asked for, and hands out what reads their values. */
export class AskedFields {
  readonly #fields: string[] = []
  readonly #place: Place
  readonly #lookups: Lookups

  constructor(place: Place, lookups: Lookups) {
    this.#place = place
    this.#lookups = lookups
  }

  reader<T>(read: (values: Values) => T): RecordReader<T> {
    return { fields: this.#fields, read }
  }

  value(field: string | undefined): (values: Values) => string | null {
    if (field === undefined) return () => null
    const index = this.#ask(field)
    return (values) => values[index] ?? null
  }

  /** What is null or empty is a fault, if one is named; what the map itself says is none. */
  text(of: FieldOrSame) {
    if (typeof of !== 'string' && 'is' in of) return () => of.is
    const value = this.value(typeof of === 'string' ? of : of.field)
    const table = typeof of === 'string' ? undefined : this.#lookups.tableOf(this.#place, of)
    return (values: Values, faults?: Fault[], fault?: Fault) => {
      const own = value(values) ?? ''
      // What is not there to be looked up stands for itself.
      const text = table?.get(own) ?? own
      if (text === '' && fault !== undefined) faults?.push(fault)
      return text
    }
  }

  number(fields: readonly string[]) {
    const read = fields.map((field) => this.value(field))
    return (values: Values) => {
      const parts = read.map((value) => value(values))
      const text = formatField(parts.map(formatField).join('\t'))
      return { text, isNull: parts.some((part) => part === null || part === '') }
    }
  }

  amount(of: AmountOf): (values: Values, faults: Fault[]) => bigint {
    if (typeof of !== 'string') {
      const [debit, credit] = [this.amount(of.debit), this.amount(of.credit)]
      return (values, faults) => debit(values, faults) - credit(values, faults)
    }
    const value = this.value(of)
    return (values, faults) => {
      const amount = parseDecimal(value(values) ?? '')
      if (amount === undefined) faults.push('amount')
      return amount ?? 0n
    }
  }

  side(of: ItemsMap['side']): (values: Values) => bigint {
    if (of === 'debit') return () => 1n
    if (of === 'credit') return () => -1n
    const value = this.value(of.field)
    return (values) => (of.credit.includes(value(values) ?? '') ? -1n : 1n)
  }

  /** What is no date is a fault, also null; a field that the map does not name is none. */
  day(field: string | undefined) {
    const value = this.value(field)
    return (values: Values, faults: Fault[], fault: Fault) => {
      const day = parseBusinessDay(value(values) ?? '') ?? null
      if (day === null && field !== undefined) faults.push(fault)
      return day
    }
  }

  #ask(field: string): number {
    this.#fields.push(field)
    return this.#fields.length - 1
  }
}

function toOpen(text: string, sign: bigint): bigint | null {
  const open = parseDecimal(text)
  return open === undefined ? null : sign * open
}
