import { type Html, html } from '#stdx/html'
import type { DemoReportModel } from '../demo-report-model.ts'
import { formatCount, formatDuration, formatTime } from './format-figures.ts'
import { areReceivablesBack } from './receivables-section.ts'

/** Whether everything was put back, as the commands themselves said: never assumed. */
export function isProved({ check, proofs, receivables, restores }: DemoReportModel): boolean {
  return (
    check.verdict === 'whole' &&
    proofs.length > 0 &&
    restores.length > 0 &&
    proofs.every(({ verifyRestored }) => verifyRestored.verdict === 'same') &&
    restores.every(({ verified, extra }) => verified.different === 0 && extra === 0) &&
    areReceivablesBack(receivables)
  )
}

export function formatOpening(model: DemoReportModel): Html {
  const rows = model.systems.reduce((sum, system) => sum + system.rows, 0)
  const changed = model.changes.reduce((sum, { lines }) => sum + lines.length, 0)
  const restoreMs = model.restores.reduce(
    (sum, { durationMs, readBackMs }) => sum + durationMs + readBackMs,
    0,
  )
  const left = model.proofs
    .flatMap(({ verifyRestored }) => verifyRestored.entities)
    .reduce((sum, { missing, extra, different }) => sum + missing + extra + different, 0)
  return html`<header>
<p class="brand"><span class="mark" aria-hidden="true"></span>Holdfast <span class="muted">demo</span></p>
<p class="muted when">${model.group}, ${formatTime(model.madeAt)}</p>
<h1>${model.headline}</h1>
<div class="story">${model.story.map((sentence) => html`<p>${sentence}</p>`)}</div>
${formatVerdict(model)}
<dl class="figures">
${formatFigure('records protected', formatCount(rows), `in ${model.systems.length} systems`)}
${formatFigure('records damaged', formatCount(changed), 'found field by field', 'damage')}
${formatFigure('to put them back', formatDuration(restoreMs), 'read back included')}
${formatFigure('differences left', formatCount(left), 'against the good point', left > 0 ? 'damage' : 'good')}
</dl>
</header>`
}

function formatVerdict(model: DemoReportModel): Html {
  return isProved(model)
    ? html`<p class="verdict good"><b>Proved.</b> Every record was read back and equals the point it came from.</p>`
    : html`<p class="verdict damage"><b>Not proved.</b> Something differs or could not be shown; see the proof below.</p>`
}

function formatFigure(label: string, value: string, note: string, tone = ''): Html {
  return html`<div class="figure ${tone}"><dt>${label}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`
}
