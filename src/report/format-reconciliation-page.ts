import { groupDigits } from '#stdx/group-digits'
import { type Html, html } from '#stdx/html'
import { formatHtmlPage } from '#stdx/html-page'
import { isSame } from './control-totals.ts'
import { RECONCILIATION_STYLE } from './page/reconciliation-style.ts'
import type {
  Difference,
  Differences,
  ReconciledEntity,
  ReconciledTotal,
  Reconciliation,
  TotalGroup,
  TotalOfSide,
} from './reconciliation.ts'

export type ReconciliationPageOptions = {
  /** When the target was looked at: ISO 8601. It is no part of what the hash is over. */
  readonly lookedAt: string
  /** Why nobody can vouch for all of it; `undefined`: it is proven. */
  readonly unproven: string | undefined
}

/** So many differences are printed; the document and the CSV have more. */
const PRINTED_MAX = 1000

const FOUND = {
  same: 'Source and target agree.',
  differs: 'Source and target differ.',
  unproven: 'Not everything could be proven.',
} as const

/** The document as one page that needs nothing else, to be printed and signed. */
export function formatReconciliationPage(
  reconciliation: Reconciliation,
  { lookedAt, unproven }: ReconciliationPageOptions,
): string {
  const { differences, point, target, totals, verdict } = reconciliation
  const title = `Reconciliation of ${target.name} with ${point.address}`
  const body = html`<main>
<h1>${title}</h1>
<p><b class="${verdict}">${FOUND[verdict]}</b></p>
${unproven === undefined ? null : html`<p class="unproven">Unproven: ${unproven}</p>`}
<section><h2>What was compared</h2>${formatFacts(reconciliation, lookedAt)}</section>
<section><h2>Records</h2>${formatEntities(reconciliation)}</section>
<section><h2>Control totals</h2>${totals.length === 0 ? html`<p>The mapping file names none.</p>` : totals.map(formatTotal)}</section>
<section><h2>Differences</h2>${formatDifferences(differences)}</section>
<section><h2>Signatures</h2>${formatSignatures(reconciliation)}</section>
</main>
`
  return formatHtmlPage({ title, style: RECONCILIATION_STYLE, body })
}

function formatFacts(
  { isExtraAllowed, mapping, point, sha256, target, vault }: Reconciliation,
  lookedAt: string,
): Html {
  const { connector, database, name, system } = target
  const facts: readonly (readonly [string, Html | string])[] = [
    ['Recovery point', `${point.address}, as of ${point.time}`],
    ['Vault', html`<code>${vault}</code>`],
    ['Target', html`${name} (${connector}), <code>${database}</code> of <code>${system}</code>`],
    ['Target looked at', lookedAt],
    [
      'Records of the target alone',
      isExtraAllowed ? 'are allowed: they were there before' : 'are differences',
    ],
    ['Mapping file, SHA-256', html`<code>${mapping.sha256}</code>`],
    ['This reconciliation, SHA-256', html`<code>${sha256}</code>`],
  ]
  return html`<table class="facts"><tbody>${facts.map(([label, fact]) => {
    return html`<tr><th>${label}</th><td>${fact}</td></tr>
`
  })}</tbody></table>`
}

function formatEntities({ entities, notMigrated }: Reconciliation): Html {
  const titles = ['Source', 'Target', 'Same', 'Missing', 'Extra', 'Different']
  return html`<div class="wide"><table>
<thead><tr><th>Entity of the target</th><th>From</th>${titles.map(toNumberTitle)}<th>Verdict</th></tr></thead>
<tbody>${entities.map(formatEntity)}</tbody>
</table></div>
<h3>Fingerprints <span class="muted">SHA-256 over the text of all rows, in the order of their keys</span></h3>
<div class="wide"><table><tbody>${entities.map(({ entity, source, target, verdict }) => {
    const isEqual = source.fingerprint === target.fingerprint || verdict === 'same'
    return html`<tr><th>${entity}</th><td>source <code>${source.fingerprint}</code><br>target <code class="${isEqual ? '' : 'differs'}">${target.fingerprint}</code></td></tr>
`
  })}</tbody></table></div>
${
  notMigrated.length === 0
    ? null
    : html`<h3>Not migrated</h3><p>${notMigrated.map(({ entity, records }) => {
        return html`${entity} (${count(records)})<br>
`
      })}</p>`
}`
}

function formatEntity(of: ReconciledEntity): Html {
  const { different, entity, extra, from, missing, reason, same, source, target, verdict } = of
  const counts = [source.records, target.records, same, missing, extra, different]
  const names = from.map(({ entity: name, mapped, records }) => {
    return html`${name}: ${count(mapped)} of ${count(records)}<br>`
  })
  const why = reason === undefined ? '' : `: ${reason}`
  return html`<tr><th>${entity}</th><td class="muted">${names}</td>${counts.map((one) => toNumber(count(one)))}<td class="${verdict}">${verdict}${why}</td></tr>
`
}

function formatTotal({ by, groups, name, verdict }: ReconciledTotal): Html {
  const titles = ['Records', 'Source', 'Records', 'Target', 'Difference']
  return html`<h3>${name} <span class="${verdict}">${verdict}</span></h3>
<div class="wide"><table>
<thead><tr>${by.map((field) => html`<th>${field}</th>`)}${titles.map(toNumberTitle)}<th></th></tr></thead>
<tbody>${groups.map(formatGroup)}</tbody>
</table></div>`
}

function formatGroup(group: TotalGroup): Html {
  const { by, difference, source, target } = group
  const sides = [source, target].flatMap(({ amount, records }) => {
    return [toNumber(count(records)), toNumber(groupDigits(amount))]
  })
  const shown = groupDigits(difference)
  return html`<tr>${by.map((value) => html`<td>${value ?? '–'}</td>`)}${sides}<td class="number ${isSame(group) ? '' : 'differs'}">${shown}</td><td class="muted">${remarks(source, 'source')}${remarks(target, 'target')}</td></tr>
`
}

function remarks({ empty, unreadable }: TotalOfSide, side: string): Html[] {
  return [
    ...(empty === 0 ? [] : [html`${side}: ${count(empty)} without an amount<br>`]),
    ...(unreadable === 0
      ? []
      : [
          html`<span class="differs">${side}: ${count(unreadable)} that are no exact number</span><br>`,
        ]),
  ]
}

function formatDifferences({ count: all, sha256, shown }: Differences): Html {
  const printed = shown.slice(0, PRINTED_MAX)
  if (all === 0) return html`<p>None.</p>`
  return html`<div class="wide"><table>
<thead><tr><th></th><th>Record of the target</th><th>Record of the source</th><th>Field</th><th>Wanted</th><th>Found</th></tr></thead>
<tbody>${printed.map(formatDifference)}</tbody>
</table></div>
<p class="muted">${printed.length < all ? `The first ${count(printed.length)} of ${count(all)}.` : `${count(all)} in all.`} The list as CSV has the SHA-256 <code>${sha256}</code>.</p>`
}

function formatDifference({ entity, fields, from, key, kind }: Difference): Html {
  const source = from === null ? '' : `${from.entity}:${from.key}`
  const [first, ...others] = fields
  const cells = (of: typeof first) => {
    if (of === undefined) return html`<td></td><td></td><td></td>`
    return html`<td>${of.field}</td><td>${toValue(of.wanted)}</td><td class="differs">${toValue(of.found)}</td>`
  }
  return html`<tr><td class="differs">${kind}</td><th>${entity}:${key}</th><td>${source}</td>${cells(first)}</tr>
${others.map(
  (one) => html`<tr><td></td><td></td><td></td>${cells(one)}</tr>
`,
)}`
}

/** Enough to see what it is; the CSV has all of it. */
const VALUE_UNITS_MAX = 200

function toValue(value: string | null): Html {
  if (value === null) return html`<span class="muted">null</span>`
  return html`${value.length <= VALUE_UNITS_MAX ? value : `${value.slice(0, VALUE_UNITS_MAX)}…`}`
}

function formatSignatures({ sha256 }: Reconciliation): Html {
  const titles = ['', 'Name', 'Role', 'Date', 'Signature']
  return html`<p class="muted">Under the reconciliation with the SHA-256 <code>${sha256}</code>.</p>
<table class="signatures">
<thead><tr>${titles.map((title) => html`<th>${title}</th>`)}</tr></thead>
<tbody>${['Prepared', 'Checked', 'Accepted'].map((title) => {
    return html`<tr><td>${title}</td><td></td><td></td><td></td><td></td></tr>
`
  })}</tbody>
</table>`
}

function toNumberTitle(title: string): Html {
  return html`<th class="number">${title}</th>`
}

function toNumber(text: string): Html {
  return html`<td class="number">${text}</td>`
}

function count(of: number): string {
  return groupDigits(String(of))
}
