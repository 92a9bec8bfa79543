import type { ReceivablesMap } from '#customer/finance-map'
import type { EntityName } from '#record/entity-name'
import type { BusinessDay } from './business-day.ts'
import { formatDecimal, isoDecimals } from './decimal.ts'
import { type AgeingOptions, ageReceivables, type SortDeps } from './receivables/age-receivables.ts'
import { meets } from './receivables/meets.ts'
import { type NamedEntity, namedIn } from './receivables/named-in.ts'
import type { ControlRow } from './receivables/sum-controls.ts'
import type { Receivables } from './receivables.ts'

/** Values of a record by the names of its fields; a large one is null. */
export type RecordFields = Readonly<Record<string, string | null>>

/** The records of some customers, whatever holds them: each customer's own, by its number. */
export type RecordsOfCustomers = (
  source: string,
  entity: EntityName,
) => readonly { readonly customer: number; readonly fields: RecordFields }[]

/** What one customer owes, with all that does not add up; `later` and control accounts have no part. */
export type OpenBalance = Pick<Receivables, 'breaks' | 'groups'>

/**
 * What each of some customers owes as of a day, in the order of their numbers, from nothing but the
 * records given. The same records give the same answer, whatever their order.
 */
export async function sumOpenBalances(
  deps: SortDeps,
  map: ReceivablesMap,
  records: RecordsOfCustomers,
  wanted: { readonly customers: number; readonly asOf: BusinessDay; readonly signal: AbortSignal },
): Promise<OpenBalance[]> {
  const { asOf, customers, signal } = wanted
  const own = { ...map, controls: [], currencies: undefined }
  const named = namedIn(own)
  const parts = {
    items: readAll(named.items, records),
    receipts: readAll(named.receipts, records),
    clearings: readAll(named.clearings, records),
    disputes: readAll(named.disputes, records),
  }
  const options: AgeingOptions = {
    asOf,
    decimalsOf: isoDecimals,
    format: (amount, currency) => formatDecimal(amount, isoDecimals(currency ?? '')),
    signal,
  }
  const balances: OpenBalance[] = []
  for (let customer = 0; customer < customers; customer++) {
    const of = {
      items: () => once(parts.items, customer),
      receipts: () => once(parts.receipts, customer),
      clearings: () => once(parts.clearings, customer),
      disputes: () => once(parts.disputes, customer),
      controls: () => once<ControlRow>(new Map(), customer),
    }
    const { breaks, groups } = await ageReceivables(deps, own, of, options)
    balances.push({ breaks, groups })
  }
  return balances
}

function readAll<T>(
  parts: readonly NamedEntity<T>[],
  records: RecordsOfCustomers,
): ReadonlyMap<number, readonly T[]> {
  const byCustomer = new Map<number, T[]>()
  for (const { conditions, entity, reader, source } of parts) {
    for (const { customer, fields } of records(source, entity)) {
      if (!meets(fields, conditions)) continue
      const some = byCustomer.get(customer) ?? []
      byCustomer.set(customer, some)
      some.push(reader.read(reader.fields.map((name) => fields[name] ?? null)))
    }
  }
  return byCustomer
}

async function* once<T>(
  byCustomer: ReadonlyMap<number, readonly T[]>,
  customer: number,
): AsyncGenerator<readonly T[], void, undefined> {
  const some = byCustomer.get(customer)
  if (some !== undefined) yield some
}
