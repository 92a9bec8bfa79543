import { html } from '#stdx/html'
import { formatHtmlPage } from '#stdx/html-page'
import type { DemoReportModel } from './demo-report-model.ts'
import { formatChanges } from './report/changes-section.ts'
import { formatCommands } from './report/commands-section.ts'
import { formatCustomer } from './report/customer-section.ts'
import { formatOpening } from './report/opening.ts'
import { PAGE_SCRIPT } from './report/page-script.ts'
import { PAGE_STYLE } from './report/page-style.ts'
import { formatProof } from './report/proof-section.ts'
import { formatReceivables } from './report/receivables-section.ts'
import { formatRestore } from './report/restore-section.ts'
import { formatStorage } from './report/storage-section.ts'
import { formatTimeline } from './report/timeline-section.ts'

/**
 * Formats the report of a demo as one HTML document that needs nothing else and may reach nothing
 * else: its own policy allows this style and this script, by hash, and no request.
 *
 * Under 1 MB for any model: long lists of changes are cut, and the page says so.
 */
export function formatDemoReport(model: DemoReportModel): string {
  const body = html`<a class="skip" href="#what-changed">Skip to what changed</a>
${formatOpening(model)}
<main>
${formatTimeline(model)}
${formatChanges(model)}
${formatCustomer(model)}
${formatRestore(model)}
${formatProof(model)}
${formatReceivables(model)}
${formatStorage(model)}
${formatCommands(model)}
</main>
<footer>
<p>Everything on this page is example data: the group, its customers and their bank accounts are
invented. The figures are not: they were measured during this run, on this machine.</p>
<p>Holdfast ${model.version}</p>
</footer>`
  return formatHtmlPage({ title: model.headline, style: PAGE_STYLE, script: PAGE_SCRIPT, body })
}
