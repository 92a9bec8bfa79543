import { type Html, html } from '#stdx/html'
import type { DemoReportModel, ReportRestore } from '../demo-report-model.ts'
import { formatCount, formatDuration } from './format-figures.ts'
import { formatSection } from './section.ts'

export function formatRestore(model: DemoReportModel): Html {
  return formatSection(
    { id: 'restore', label: 'Restore', title: 'A plan first, then exactly that plan' },
    html`<p class="lead">Every write was listed before the first one was made. The hash names
that list; it was carried out in one transaction a system, then read back and compared.</p>
<div class="cards">${model.restores.map((restore) => formatCard(model, restore))}</div>`,
  )
}

function formatCard({ systems }: DemoReportModel, restore: ReportRestore): Html {
  const title = systems.find(({ source }) => source === restore.source)?.title ?? restore.source
  const { verified } = restore
  const isSame = verified.different === 0 && restore.extra === 0
  return html`<article class="card">
<h3>${title} <span class="muted">from ${restore.point}, written in ${formatDuration(restore.durationMs)}, read back in ${formatDuration(restore.readBackMs)}</span></h3>
<dl class="counts">
${formatCountRow('put back', restore.updated, 'changed by the damage')}
${formatCountRow('inserted again', restore.inserted, 'deleted by the damage')}
${formatCountRow('deleted', restore.deleted, 'added since')}
${formatCountRow('left alone', restore.skipped, 'equal already')}
</dl>
<p class="${isSame ? 'good' : 'damage'}">${formatCount(verified.records)} read back, ${formatCount(verified.different)} different, ${formatCount(restore.extra)} extra</p>
<p class="hash"><span class="muted">plan</span> <code>${restore.plan}</code></p>
</article>`
}

function formatCountRow(label: string, count: number, note: string): Html {
  return html`<div><dt>${label} <span class="muted">${note}</span></dt><dd>${formatCount(count)}</dd></div>`
}
