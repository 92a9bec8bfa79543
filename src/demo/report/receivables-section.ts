import { groupDigits } from '#stdx/group-digits'
import { type Html, html } from '#stdx/html'
import type { DemoReportModel, ReceivablesAnswer, ReportReceivables } from '../demo-report-model.ts'
import { formatPlural } from './format-figures.ts'
import { formatSection } from './section.ts'

/** What finance sees: the ageing of the company that was hit, at each of the moments. */
export function formatReceivables({ receivables }: DemoReportModel): Html {
  const { asOf = '' } = receivables[0]?.answer ?? {}
  return formatSection(
    {
      id: 'receivables',
      label: 'Finance',
      title: 'What customers owe, and what the general ledger says',
    },
    html`<p class="lead">Receivables as of ${asOf}, by due date, from the points of billing and ERP alone. The
general ledger was not damaged: it tells what the items should sum to.</p>
${tellCompany(receivables)}`,
  )
}

/** Whether the receivables are again what they were, and tie out. */
export function areReceivablesBack(receivables: readonly ReportReceivables[]): boolean {
  const [good] = receivables
  const last = receivables.at(-1)
  if (good === undefined || last === undefined) return false
  const isSame = JSON.stringify(last.answer.groups) === JSON.stringify(good.answer.groups)
  return isSame && last.answer.verdict === 'clean'
}

/** A line for each column of the ageing, a moment beside the other. */
function tellCompany(receivables: readonly ReportReceivables[]): Html {
  const [good] = receivables
  if (good === undefined) return html``
  const { companyCode, currency } = good.company
  const groups = receivables.map(({ answer, company }) => findCompany(answer, company))
  const lines = good.answer.columns.map((title, i) => {
    return [title, groups.map((group) => group?.amounts[i] ?? null)] as const
  })
  const sums = [
    ['Total', groups.map((group) => group?.total ?? null)],
    ['General ledger', groups.map((group) => group?.control ?? null)],
    ['Difference', groups.map((group) => group?.difference ?? null)],
  ] as const
  return html`<div class="scroll" role="region" aria-label="Receivables at each moment" tabindex="0"><table class="prints sums">
<thead><tr><th scope="col">Company ${companyCode}, ${currency}</th>${receivables.map(formatTitle)}</tr></thead>
<tbody>${[...lines, ...sums].map(([title, amounts]) => formatLine(title, amounts))}</tbody>
</table></div>`
}

function formatTitle({ answer, page, title }: ReportReceivables): Html {
  return html`<th scope="col" class="number">${title}<br><a href="${page}">${formatBreaks(answer)}</a></th>`
}

/** What is not as it was first stands out. */
function formatLine(title: string, amounts: readonly (string | null)[]): Html {
  return html`<tr><th scope="row">${title}</th>${amounts.map((amount) => {
    const tone = amount === amounts[0] ? '' : 'damage'
    return html`<td class="number ${tone}">${amount === null ? '–' : groupDigits(amount)}</td>`
  })}</tr>`
}

function formatBreaks({ breaks }: ReceivablesAnswer): string {
  const count = breaks.reduce((sum, one) => sum + one.count, 0)
  return formatPlural(count, 'break')
}

/** The group of one company code and currency. */
export function findCompany(
  { groups }: ReceivablesAnswer,
  { companyCode, currency }: ReportReceivables['company'],
): ReceivablesAnswer['groups'][number] | undefined {
  return groups.find((one) => one.companyCode === companyCode && one.currency === currency)
}
