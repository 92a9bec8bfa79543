import { groupDigits } from '#stdx/group-digits'
import { type Html, html } from '#stdx/html'
import { formatHtmlPage } from '#stdx/html-page'
import { formatNumber } from './format-receivables-csv.ts'
import { drawAgeing } from './page/draw-ageing.ts'
import { PAGE_STYLE } from './page/page-style.ts'
import type { BreakKind, Receivables, ReceivablesGroup } from './receivables.ts'

export type PageOptions = {
  /** Why nobody can vouch for all of it; `undefined`: it is proven. */
  readonly unproven: string | undefined
}

/** The report as one page that needs nothing else: a chart, the ageing, the balances, the breaks. */
export function formatReceivablesPage(report: Receivables, { unproven }: PageOptions): string {
  const { asOf, breaks, points, verdict } = report
  const count = breaks.reduce((sum, one) => sum + one.count, 0)
  const title = `Receivables as of ${asOf}`
  const found =
    verdict === 'clean' ? 'Everything ties out.' : `${count} ${count === 1 ? 'break' : 'breaks'}.`
  const body = html`<main>
<h1>${title}</h1>
<p>By what the points ${points.join(', ')} hold; what is dated later is ignored. <b class="${verdict}">${found}</b></p>
${unproven === undefined ? null : html`<p class="differs">Unproven: ${unproven}</p>`}
<section><h2>How old it is</h2>${drawAgeing(report)}</section>
<section><h2>Ageing by due date</h2>${formatAgeing(report)}</section>
<section><h2>Control accounts of the general ledger</h2>${formatControls(report)}</section>
<section><h2>Breaks</h2>${breaks.length === 0 ? html`<p>None.</p>` : breaks.map(formatBreak)}</section>
</main>
`
  return formatHtmlPage({ title, style: PAGE_STYLE, body })
}

function formatAgeing({ columns, groups }: Receivables): Html {
  const titles = ['Items', ...columns, 'Total', 'Disputed']
  return html`<div class="wide"><table>
<thead><tr><th>Company code</th><th>Currency</th>${titles.map((name) => html`<th class="number">${name}</th>`)}</tr></thead>
<tbody>${groups.map(({ amounts, companyCode, currency, disputed, items, total }) => {
    const cells = [
      String(items),
      ...amounts.map(groupDigits),
      groupDigits(total),
      groupDigits(disputed),
    ]
    return html`<tr><th>${companyCode}</th><td>${currency}</td>${cells.map(toCell)}</tr>
`
  })}</tbody>
</table></div>
<p class="muted">Not applied: what was received and cleared no item. Disputed is part of what is open.</p>`
}

function formatControls({ groups }: Receivables): Html {
  const titles = ['Items', 'Later in the period', 'Control accounts', 'Difference']
  return html`<div class="wide"><table>
<thead><tr><th>Company code</th><th>Currency</th><th>Accounts</th>${titles.map((name) => html`<th class="number">${name}</th>`)}</tr></thead>
<tbody>${groups.map(formatControl)}</tbody>
</table></div>`
}

function formatControl(of: ReceivablesGroup): Html {
  const { accounts, companyCode, control, currency, difference, later, total } = of
  const names = accounts.map(({ account, balance, period }) => {
    return html`${account} ${period ?? ''}: ${groupDigits(balance)}<br>`
  })
  const isSame = difference === null || /^-?[0.]+$/.test(difference)
  const cells = [
    groupDigits(total),
    groupDigits(later),
    control === null ? 'none' : groupDigits(control),
  ]
  return html`<tr><th>${companyCode}</th><td>${currency}</td><td class="muted">${names}</td>${cells.map(toCell)}<td class="number ${isSame ? '' : 'differs'}">${difference === null ? '' : groupDigits(difference)}</td></tr>
`
}

function formatBreak({ count, help, kind, shown }: BreakKind): Html {
  return html`<h3>${help} <span class="muted">${kind}, ${count}</span></h3>
<div class="wide"><table>
<tbody>${shown.map(({ amounts, companyCode, currency, entity, number, source }) => {
    const place = [source, entity].filter((part) => part !== null).join(' ')
    const found = Object.entries(amounts).map(([name, amount]) => {
      return html`<td class="number"><span class="muted">${name}</span> ${amount === null ? 'none' : groupDigits(amount)}</td>`
    })
    return html`<tr><td>${place}</td><th>${formatNumber(number)}</th><td>${companyCode} ${currency}</td>${found}</tr>
`
  })}</tbody>
</table></div>
${count > shown.length ? html`<p class="muted">The first ${shown.length} of ${count}.</p>` : null}`
}

function toCell(text: string): Html {
  return html`<td class="number">${text}</td>`
}
