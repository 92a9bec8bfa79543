import type { CurrenciesMap, ReceivablesMap } from '#customer/finance-map'
import type { EntityName } from '#record/entity-name'
import type { Named } from './entities-at.ts'
import { Lookups } from './lookups.ts'
import type { Conditions } from './read-values.ts'
import { controlReader } from './sum-controls.ts'
import {
  AskedFields,
  clearingReader,
  conditionFields,
  disputeReader,
  itemReader,
  type RecordReader,
  receiptReader,
} from './to-records.ts'

/** An entity that the map names, with how its records are read. */
export type NamedEntity<T> = Named & {
  readonly conditions: Conditions
  readonly reader: RecordReader<T>
}

type CurrencyRow = { readonly code: string; readonly decimals: number }

/** All that a map of receivables names, by what it is. */
export function namedIn(map: ReceivablesMap) {
  const found = new Lookups()
  const items = map.items.map((one, i) => name(one, itemReader(one, i, found)))
  const receipts = map.receipts.map((one, i) => name(one, receiptReader(one, i, found)))
  const clearings = map.clearings.map((one) => name(one, clearingReader(one, found)))
  const disputes = map.disputes.map((one) => name(one, disputeReader(one, found)))
  const controls = map.controls.map((one, i) => {
    return name(ofAccounts(one), controlReader(one, i, found))
  })
  const { currencies: known } = map
  const currencies = known === undefined ? [] : [name(known, currencyReader(known, found))]
  const lookups = found.all
  const all: Named[] = [items, receipts, clearings, disputes, controls, currencies, lookups].flat()
  return { items, receipts, clearings, disputes, controls, currencies, lookups, all }
}

type Placed = Conditions & {
  readonly source: string
  readonly entity: EntityName
  readonly line: number
}

function name<T>({ entity, line, source, unless, when }: Placed, reader: RecordReader<T>) {
  const conditions = { when, unless }
  const fields = [...reader.fields, ...conditionFields(conditions)]
  return { entity, line, source, fields, conditions, reader } satisfies NamedEntity<T>
}

/** Only the accounts that are control accounts. */
function ofAccounts<T extends Placed & { account: string; accounts: readonly string[] }>(
  one: T,
): T {
  return { ...one, when: { ...one.when, [one.account]: one.accounts } }
}

function currencyReader(map: CurrenciesMap, lookups: Lookups): RecordReader<CurrencyRow> {
  const asked = new AskedFields(map, lookups)
  const code = asked.text(map.code)
  const decimals = asked.text(map.decimals)
  return asked.reader((values) => {
    const known = /^\d$/.test(decimals(values)) ? Number(decimals(values)) : 2
    return { code: code(values), decimals: known }
  })
}
