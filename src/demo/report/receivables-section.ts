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

function tellCompany(receivables: readonly ReportReceivables[]): Html {
  const columns = receivables[0]?.answer.columns ?? []
  const titles = [...columns, 'Total', 'General ledger', 'Difference']
  return html`<div class="scroll" role="region" aria-label="Receivables at each moment" tabindex="0"><table class="prints">
<thead><tr><th scope="col">Moment</th>${titles.map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr></thead>
<tbody>${receivables.map(formatMoment)}</tbody>
</table></div>`
}

function formatMoment({ answer, company, page, title, tone }: ReportReceivables): Html {
  const group = findCompany(answer, company)
  const cells = [...(group?.amounts ?? []), group?.total ?? '', group?.control ?? '']
  return html`<tr><th scope="row">${title}<br><a href="${page}">${formatBreaks(answer)}</a></th>${cells.map((text) => html`<td class="number">${text}</td>`)}<td class="number ${tone}">${group?.difference ?? ''}</td></tr>`
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
