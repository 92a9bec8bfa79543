import type { ReceivablesMap } from '#customer/finance-map'

/** All parts of a map of receivables that name an entity. */
export function partsOf(map: ReceivablesMap) {
  const { clearings, controls, currencies, disputes, items, receipts } = map
  const known = currencies === undefined ? [] : [currencies]
  return [...items, ...receipts, ...clearings, ...disputes, ...controls, ...known]
}

/** The sources that a report reads. */
export function sourcesOf(map: ReceivablesMap): Set<string> {
  return new Set(partsOf(map).map(({ source }) => source))
}
