import { csvLine } from '#stdx/csv'
import type { Break, Receivables } from './receivables.ts'

/**
 * The ageing, a line for each company code and currency; RFC 4180 with a header.
 * @param proven whether the points are known to be so, said in every line
 */
export function formatReceivablesCsv(
  { asOf, columns, groups, points }: Receivables,
  { proven }: { readonly proven: boolean },
): string {
  const names = columns.map((name) => name.replaceAll(/[^a-z0-9]+/g, '_'))
  const sums = ['total', 'disputed', 'later', 'control', 'difference', 'points', 'proven']
  const header = csvLine(['as_of', 'company_code', 'currency', 'items', ...names, ...sums])
  const lines = groups.map((group) => {
    const { amounts, companyCode, control, currency, difference, disputed, items } = group
    const { later, total } = group
    const sums = [total, disputed, later, control, difference]
    const tail = [...sums, points.join(' '), String(proven)]
    return csvLine([asOf, companyCode, currency, String(items), ...amounts, ...tail])
  })
  return [header, ...lines].join('')
}

const AMOUNTS = [
  'control',
  'total',
  'later',
  'difference',
  'recorded',
  'computed',
  'amount',
  'open',
  'over',
] as const

/** The breaks that are shown, a line each, with how many of their kind there are in all. */
export function formatBreaksCsv({ asOf, breaks }: Receivables): string {
  const about = ['source', 'entity', 'number', 'company_code', 'currency']
  const header = csvLine(['as_of', 'kind', 'of_kind', ...about, ...AMOUNTS])
  const lines = breaks.flatMap(({ count, kind, shown }) => {
    return shown.map((one) => csvLine([asOf, kind, String(count), ...describe(one)]))
  })
  return [header, ...lines].join('')
}

function describe({ amounts, companyCode, currency, entity, number, source }: Break) {
  const known = AMOUNTS.map((name) => amounts[name] ?? null)
  return [source, entity, formatNumber(number) || null, companyCode, currency, ...known]
}

/** The number of an item as people write it, its parts in order. */
export function formatNumber(number: Break['number']): string {
  return number.map((part) => part ?? '–').join(' ')
}
