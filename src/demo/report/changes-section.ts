import { type Html, html, scriptJson } from '#stdx/html'
import type { DemoReportModel } from '../demo-report-model.ts'
import { type ChangeRow, FIELDS_MAX, listChangeRows, ROWS_SHOWN } from './change-rows.ts'
import { formatCount, formatPlural, shortEntity } from './format-figures.ts'
import { type EntityGroup, type FieldGroup, groupChanges } from './group-changes.ts'
import { formatSection, formatValue } from './section.ts'

const OP_WORDS = { insert: 'added', update: 'changed', delete: 'deleted' } as const

export function formatChanges(model: DemoReportModel): Html {
  const total = model.changes.reduce((sum, { lines }) => sum + lines.length, 0)
  return formatSection(
    {
      id: 'what-changed',
      label: 'What changed',
      title: `${formatPlural(total, 'record')} changed, told apart field by field`,
    },
    html`${model.changes.map(({ source, from, to, lines }) => {
      const groups = groupChanges(lines)
      if (groups.length === 0) return null
      return html`<h3>${titleOf(model, source)} <span class="muted">${from} to ${to}</span></h3>
${groups.map((group) => formatGroup(model, group))}`
    })}
${formatUntouched(model)}
${formatTable(model, total)}`,
  )
}

function titleOf({ systems }: DemoReportModel, source: string): string {
  return systems.find((system) => system.source === source)?.title ?? source
}

function formatUntouched(model: DemoReportModel): Html | null {
  const quiet = model.changes.filter(({ lines }) => lines.length === 0)
  if (quiet.length === 0) return null
  const titles = quiet.map(({ source }) => titleOf(model, source)).join(', ')
  return html`<p class="muted">${titles}: nothing changed.</p>`
}

function formatGroup(model: DemoReportModel, group: EntityGroup): Html {
  const quiet = group.fields.filter(({ field }) => model.quietFields.includes(field))
  const loud = group.fields.filter((field) => !quiet.includes(field))
  return html`<div class="group">
<p class="group-head"><code>${shortEntity(group.entity)}</code> <span>${formatPlural(group.count, 'record')} ${OP_WORDS[group.op]}</span></p>
${loud.length === 0 ? null : html`<ul class="field-groups">${loud.slice(0, FIELDS_MAX).map((field) => formatField(model, group, field))}</ul>`}
${loud.length <= FIELDS_MAX ? null : html`<p class="muted small">And ${formatPlural(loud.length - FIELDS_MAX, 'more field')}</p>`}
${quiet.length === 0 ? null : html`<p class="muted small">With them: ${quiet.map(({ field }, i) => html`${i > 0 ? ', ' : ''}<code>${field}</code>`)}</p>`}
</div>`
}

function formatField(model: DemoReportModel, group: EntityGroup, field: FieldGroup): Html {
  const isSensitive = model.sensitiveFields.includes(`${group.entity}.${field.field}`)
  const name = html`<span class="field"><code>${field.field}</code>${isSensitive ? html` <span class="sensitive">sensitive</span>` : null}</span>`
  const row = (head: Html | null, { before, after, count }: Shown) =>
    html`<li class="${isSensitive ? 'is-sensitive' : ''}">${head ?? html`<span class="field"></span>`}<span class="values"><del>${before}</del><span class="arrow" aria-label="became">→</span><ins>${after}</ins></span>${formatShare(count, group.count)}</li>`
  if (field.values.length === 0) {
    const various = html`<span class="various">different values</span>`
    const after = field.after === null ? various : formatValue(field.after.value)
    return row(name, { before: various, after, count: field.count })
  }
  return html`${field.values.map(({ before, after, count }, i) =>
    row(i === 0 ? name : null, { before: formatValue(before), after: formatValue(after), count }),
  )}`
}

type Shown = { readonly before: Html; readonly after: Html; readonly count: number }

function formatShare(count: number, total: number): Html | null {
  if (total === 1) return null
  const width = Math.max(1, Math.round((count / Math.max(1, total)) * 100))
  return html`<span class="share"><svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-fill" width="${width}" height="6"/></svg><span class="number">${formatCount(count)}</span></span>`
}

function formatTable(model: DemoReportModel, total: number): Html {
  const rows = listChangeRows(model)
  const sources = model.systems.filter(({ source }) => rows.some((row) => row.source === source))
  return html`<div class="finder" id="finder">
<form class="controls" role="search">
<label class="grow">Find a record <input type="search" id="find" placeholder="Name, key or value" autocomplete="off"></label>
<label>System <select id="find-source"><option value="">All</option>${sources.map(({ source, title }) => html`<option value="${source}">${title}</option>`)}</select></label>
<label>Change <select id="find-op"><option value="">All</option><option value="update">Changed</option><option value="delete">Deleted</option><option value="insert">Added</option></select></label>
<label class="tick"><input type="checkbox" id="find-sensitive"> Sensitive only</label>
</form>
<p class="muted small" id="found" role="status">The first ${formatCount(Math.min(ROWS_SHOWN, rows.length))} of ${formatPlural(total, 'record')}${rows.length < total ? `; this page holds ${formatCount(rows.length)}, holdfast diff prints all` : ''}</p>
<table>
<caption class="unseen">Changed records</caption>
<thead><tr><th scope="col">Record</th><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
${rows.slice(0, ROWS_SHOWN).map(formatRow)}
</table>
<p class="more-line"><button type="button" id="more" hidden>Show more</button></p>
<script type="application/json" id="changes">${scriptJson(rows)}</script>
</div>`
}

/** The same that the script builds when somebody searches. */
function formatRow(row: ChangeRow): Html {
  return html`<tbody class="${row.op}">${row.fields.map(
    ([field, before, after, mark], i) =>
      html`<tr class="${mark === 1 ? 'is-sensitive' : ''}">${i === 0 ? html`<th scope="rowgroup" rowspan="${row.fields.length}"><span class="name">${row.name}</span><span class="address">${row.source} ${shortEntity(row.entity)} <b>${row.key}</b></span></th>` : null}<td data-label="Field">${row.op === 'update' ? html`<code>${field}</code>` : html`<span class="muted">${field}</span>`}</td><td data-label="Before" class="before">${formatCell(before, row.op === 'insert')}</td><td data-label="After" class="after">${formatCell(after, row.op === 'delete')}</td></tr>`,
  )}</tbody>`
}

function formatCell(value: string | null, isAbsent: boolean): Html {
  return isAbsent ? html`<span class="null">not there</span>` : formatValue(value)
}
