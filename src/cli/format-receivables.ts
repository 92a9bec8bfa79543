import type { ReceivablesAnswer } from '#app/report-receivables'
import { formatCount } from './format-amounts.ts'
import { formatTable } from './format-table.ts'
import type { Paint } from './paint.ts'
import { visible } from './text-width.ts'

const BREAKS_SHOWN = 5

/** The ageing, what the general ledger says, and the first breaks of each kind, for people. */
export function formatReceivables(answer: ReceivablesAnswer, paint: Paint): string {
  const { asOf, breaks, groups, points, verdict } = answer
  const found = breaks.flatMap(({ count, help, kind, shown }) => [
    `${paint.red(`${help} (${kind}, ${formatCount(count)})`)}`,
    ...shown.slice(0, BREAKS_SHOWN).map((one) => `  ${visible(describe(one))}`),
    ...(count > BREAKS_SHOWN ? [`  and ${formatCount(count - BREAKS_SHOWN)} more`] : []),
  ])
  const hasControls = groups.some(({ difference }) => difference !== null)
  const ties = hasControls
    ? 'The control accounts of the general ledger hold the same, to the last digit.'
    : 'The customer map names no control accounts: nothing was reconciled.'
  const end = verdict === 'clean' ? [paint.green(ties)] : found
  const head = `Receivables as of ${asOf}, by ${points.join(', ')}`
  return `${head}\n\n${formatGroups(answer)}\n${end.join('\n')}\n`
}

function formatGroups({ columns, groups }: ReceivablesAnswer): string {
  const right = (title: string) => ({ title: title.toUpperCase(), align: 'right' as const })
  const sums = ['total', 'disputed', 'later', 'control', 'difference']
  return formatTable(
    [{ title: 'COMPANY' }, { title: 'CURRENCY' }, ...['items', ...columns, ...sums].map(right)],
    groups.map((group) => [
      group.companyCode,
      group.currency,
      formatCount(group.items),
      ...group.amounts,
      group.total,
      group.disputed,
      group.later,
      group.control ?? '',
      group.difference ?? '',
    ]),
  )
}

function describe(one: ReceivablesAnswer['breaks'][number]['shown'][number]): string {
  const { amounts, companyCode, currency, entity, number, source } = one
  const found = Object.entries(amounts).map(([name, amount]) => `${name} ${amount ?? 'none'}`)
  const place = [source, entity, number.map((part) => part ?? '–').join(' '), companyCode, currency]
  const where = place.filter((part) => part !== null && part !== '').join(' ')
  return found.length === 0 ? where : `${where}: ${found.join(', ')}`
}
