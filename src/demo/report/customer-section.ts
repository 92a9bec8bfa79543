import { type Html, html } from '#stdx/html'
import type { DemoReportModel, HistoryAnswer, ReportMoment } from '../demo-report-model.ts'
import { shortEntity } from './format-figures.ts'
import { pointAt, seqOf } from './point-address.ts'
import { formatSection, formatValue } from './section.ts'

type FollowedRecord = DemoReportModel['customer']['records'][number]
/** What a record was at a moment: not there yet, there, or deleted. */
type State =
  | { readonly kind: 'absent' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'there'; readonly fields: Readonly<Record<string, string | null>> }

/** One customer, record by record, over all moments. */
export function formatCustomer(model: DemoReportModel): Html {
  const { customer, moments } = model
  return formatSection(
    {
      id: 'customer',
      label: 'One customer',
      title: `${customer.name}, in every system, at every point`,
    },
    html`<p class="lead">${customer.about}</p>
<div class="scroll" role="region" aria-label="${customer.name} over time" tabindex="0">
<table class="matrix">
<thead><tr><th scope="col">Record</th>${moments.map(({ title, tone }) => html`<th scope="col" class="${tone}">${title}</th>`)}</tr></thead>
${customer.records.map((record) => formatRecord(model, record))}
</table>
</div>`,
  )
}

function formatRecord(model: DemoReportModel, record: FollowedRecord): Html {
  const states = listStates(model, record)
  const title = model.systems.find(({ source }) => source === record.source)?.title ?? record.source
  return html`<tbody>
<tr class="record"><th scope="rowgroup" colspan="${model.moments.length + 1}">${record.title} <span class="address">${title} ${shortEntity(record.history.entity)} <b>${record.history.key}</b></span></th></tr>
${record.fields.map((field) => {
  const isSensitive = model.sensitiveFields.includes(`${record.history.entity}.${field}`)
  return html`<tr class="${isSensitive ? 'is-sensitive' : ''}"><th scope="row"><code>${field}</code>${isSensitive ? html` <span class="sensitive">sensitive</span>` : null}</th>${model.moments.map((moment, i) => formatState(states, { field, moment, index: i }))}</tr>`
})}
</tbody>`
}

function formatState(
  states: readonly State[],
  { field, moment, index }: { field: string; moment: ReportMoment; index: number },
): Html {
  const state = states[index] ?? { kind: 'absent' }
  const before = index === 0 ? state : (states[index - 1] ?? state)
  const isChanged = textOf(state, field) !== textOf(before, field)
  const tone = isChanged ? `became ${moment.tone}` : 'same'
  if (state.kind !== 'there') {
    return html`<td class="${tone}"><span class="null">${state.kind === 'deleted' ? 'deleted' : '–'}</span></td>`
  }
  return html`<td class="${tone}">${formatValue(state.fields[field] ?? null)}</td>`
}

function textOf(state: State, field: string): string {
  return state.kind === 'there' ? JSON.stringify(state.fields[field] ?? null) : state.kind
}

/** The record at each moment; a system that was not captured then is as it was before. */
export function listStates(model: DemoReportModel, { source, history }: FollowedRecord): State[] {
  let seq = -1
  return model.moments.map((moment) => {
    const point = pointAt(model, moment, source)
    if (point !== undefined) seq = seqOf(point.point)
    return stateAt(history, seq)
  })
}

function stateAt({ versions }: HistoryAnswer, seq: number): State {
  const version = versions.find(({ point }) => seqOf(point) <= seq)
  if (version === undefined) return { kind: 'absent' }
  if (version.op === 'delete') return { kind: 'deleted' }
  return { kind: 'there', fields: version.fields }
}
