import { type Html, html } from '#stdx/html'
import type { DemoReportModel, ReportMoment, ReportSystem } from '../demo-report-model.ts'
import { formatPlural } from './format-figures.ts'
import { pointAt } from './point-address.ts'
import { formatSection } from './section.ts'

export function formatTimeline(model: DemoReportModel): Html {
  return formatSection(
    {
      id: 'timeline',
      label: 'Timeline',
      title: 'Each system keeps its own line of recovery points',
    },
    html`<figure>
${formatWide(model)}
${formatNarrow(model)}
<figcaption>A point is a consistent copy of a whole system at one moment. After the first, a point
stores only the records that changed.</figcaption>
</figure>`,
  )
}

const WIDE = { left: 92, right: 24, top: 96, row: 74, width: 960 }

/** Moments from left to right, a line for each system. */
function formatWide(model: DemoReportModel): Html {
  const { moments, systems } = model
  const column = (WIDE.width - WIDE.left - WIDE.right) / Math.max(1, moments.length)
  const x = (i: number) => WIDE.left + column * (i + 0.5)
  const height = WIDE.top + WIDE.row * systems.length + 8
  return html`<svg class="timeline wide" viewBox="0 0 ${WIDE.width} ${height}" role="img" aria-label="${describe(model)}">
${moments.map(
  (moment, i) => html`<g>
${moment.tone === 'damage' ? html`<rect class="band" x="${x(i) - column / 2}" y="20" width="${column}" height="${height - 20}" rx="6"/>` : null}
<text class="moment ${moment.tone}" x="${x(i)}" y="46">${moment.title}</text>
<text class="caption" x="${x(i)}" y="66">${moment.caption}</text>
</g>`,
)}
${formatReturn(moments, x)}
${systems.map((system, row) => formatLine(model, system, { y: WIDE.top + WIDE.row * row + 26, x }))}
</svg>`
}

function formatLine(
  model: DemoReportModel,
  system: ReportSystem,
  { y, x }: { y: number; x: (i: number) => number },
): Html {
  return html`<g>
<text class="system" x="0" y="${y + 5}">${system.title}</text>
<line class="rail" x1="${WIDE.left}" x2="${WIDE.width - WIDE.right}" y1="${y}" y2="${y}"/>
${model.moments.map((moment, i) => formatPoint(model, moment, { source: system.source, x: x(i), y }))}
</g>`
}

function formatPoint(
  model: DemoReportModel,
  moment: ReportMoment,
  { source, x, y }: { source: string; x: number; y: number },
): Html | null {
  const point = pointAt(model, moment, source)
  if (point === undefined) return null
  const { changes, rows } = point
  const isFirst = model.moments[0] === moment
  const says = isFirst ? formatPlural(rows, 'record') : formatPlural(changes, 'change')
  const tone = changes === 0 ? 'idle' : moment.tone
  return html`<circle class="dot ${tone}" cx="${x}" cy="${y}" r="7"/>
<text class="address" x="${x}" y="${y + 26}">${point.point}</text>
<text class="count" x="${x}" y="${y + 41}">${says}</text>`
}

/** From the restored moment back to the last good one before the damage. */
function formatReturn(moments: readonly ReportMoment[], x: (i: number) => number): Html | null {
  const damaged = moments.findIndex(({ tone }) => tone === 'damage')
  const restored = moments.findIndex(({ tone }) => tone === 'restored')
  if (damaged < 1 || restored < damaged) return null
  const from = x(damaged - 1)
  const to = x(restored)
  return html`<path class="return" d="M${from} 26 V14 Q${from} 6 ${from + 8} 6 H${to - 8} Q${to} 6 ${to} 14 V20"/>
<path class="return-head" d="M${to - 5} 19 L${to} 28 L${to + 5} 19 Z"/>`
}

const NARROW = { width: 360, top: 30, row: 104 }

/** The same from top to bottom, a column for each system. */
function formatNarrow(model: DemoReportModel): Html {
  const { moments, systems } = model
  const column = NARROW.width / Math.max(1, systems.length)
  const x = (i: number) => column * (i + 0.5)
  const height = NARROW.top + NARROW.row * moments.length
  return html`<svg class="timeline narrow" viewBox="0 0 ${NARROW.width} ${height}" role="img" aria-label="${describe(model)}">
${systems.map(
  (system, i) => html`<text class="system mid" x="${x(i)}" y="16">${system.title}</text>
<line class="rail" x1="${x(i)}" x2="${x(i)}" y1="${NARROW.top}" y2="${height - 34}"/>`,
)}
${moments.map((moment, row) => {
  const y = NARROW.top + NARROW.row * row
  return html`<g>
<rect class="${moment.tone === 'damage' ? 'band' : 'gap'}" x="0" y="${y + 4}" width="${NARROW.width}" height="26" rx="4"/>
<text class="moment left ${moment.tone}" x="8" y="${y + 22}">${moment.title}</text>
${systems.map((system, i) => html`<rect class="gap" x="${x(i) - 50}" y="${y + 58}" width="100" height="34"/>${formatPoint(model, moment, { source: system.source, x: x(i), y: y + 48 })}`)}
</g>`
})}
</svg>`
}

function describe({ moments, systems }: DemoReportModel): string {
  const titles = moments.map(({ title, points }) => `${title}: ${points.join(', ')}`)
  return `Recovery points of ${systems.map(({ title }) => title).join(', ')}. ${titles.join('. ')}.`
}
