import { type Html, html } from '#stdx/html'
import type {
  DemoReportModel,
  EntityAnswer,
  ReportMoment,
  ReportProof,
  Verdict,
  VerifyAnswer,
} from '../demo-report-model.ts'
import { formatBytes, formatCount, formatPlural, shortEntity } from './format-figures.ts'
import { pointAt } from './point-address.ts'
import { formatSection } from './section.ts'

export function formatProof(model: DemoReportModel): Html {
  return formatSection(
    { id: 'proof', label: 'Proof', title: 'Compared row by row, never taken on trust' },
    html`<p class="lead">After the damage and after the restore, each living system was compared with
its good point, record by record. A fingerprint is one number over all rows of a table: equal rows,
equal fingerprint.</p>
${model.proofs.map((proof) => formatSystemProof(model, proof))}
${formatCheck(model)}
<h3>What it costs to keep</h3>
${formatSizes(model)}`,
  )
}

function formatSystemProof(model: DemoReportModel, proof: ReportProof): Html {
  const title = model.systems.find(({ source }) => source === proof.source)?.title ?? proof.source
  const moved = proof.good.filter((entity) => hasMoved(proof, entity))
  const still = proof.good.filter((entity) => !moved.includes(entity))
  return html`<h3>${title} <span class="muted">${formatVerdicts(proof)}</span></h3>
${moved.length === 0 ? null : formatTable(proof, moved)}
${still.length === 0 ? null : html`<details><summary>${formatPlural(still.length, 'table')} that the damage never touched</summary>${formatTable(proof, still)}</details>`}`
}

function formatVerdicts({ verifyDamaged, verifyRestored }: ReportProof): Html {
  return html`after the damage ${formatVerdict(verifyDamaged.verdict)}, after the restore ${formatVerdict(verifyRestored.verdict)}`
}

function formatVerdict(verdict: Verdict): Html {
  const tone = { same: 'good', differs: 'damage', unproven: 'sensitive-text' }[verdict]
  return html`<b class="${tone}">${verdict}</b>`
}

function hasMoved({ damaged, restored }: ReportProof, good: EntityAnswer): boolean {
  return [damaged, restored].some(
    (answers) => fingerprintOf(answers, good.entity) !== good.fingerprint,
  )
}

function fingerprintOf(answers: readonly EntityAnswer[], entity: string): string {
  return answers.find((one) => one.entity === entity)?.fingerprint ?? ''
}

function formatTable(proof: ReportProof, entities: readonly EntityAnswer[]): Html {
  return html`<div class="scroll" role="region" aria-label="Fingerprints of ${proof.source}" tabindex="0"><table class="prints">
<thead><tr><th scope="col">Table</th><th scope="col" class="number">Rows</th><th scope="col">Good point</th><th scope="col">After the damage</th><th scope="col">After the restore</th><th scope="col">Read row by row</th></tr></thead>
<tbody>${entities.map((entity) => formatEntity(proof, entity))}</tbody>
</table></div>`
}

function formatEntity(proof: ReportProof, good: EntityAnswer): Html {
  return html`<tr><th scope="row"><code>${shortEntity(good.entity)}</code></th><td class="number">${formatCount(good.rows)}</td><td>${formatPrint(good.fingerprint)}</td>${[
    proof.damaged,
    proof.restored,
  ].map((answers) => {
    const print = fingerprintOf(answers, good.entity)
    return html`<td class="${print === good.fingerprint ? 'good' : 'damage'}">${formatPrint(print)}</td>`
  })}<td>${formatFound(proof.verifyRestored, good.entity)}</td></tr>`
}

/** The first half tells two fingerprints apart; the rest is for machines. */
function formatPrint(fingerprint: string): Html {
  if (fingerprint === '') return html`<span class="null">–</span>`
  return html`<code title="${fingerprint}">${fingerprint.slice(0, 12)}</code>`
}

function formatFound({ entities }: VerifyAnswer, entity: string): Html {
  const found = entities.find((one) => one.entity === entity)
  if (found === undefined) return html`<span class="null">not verified</span>`
  if (found.verdict !== 'differs') return formatVerdict(found.verdict)
  const { missing, extra, different } = found
  return html`${formatVerdict('differs')} <span class="muted">${formatCount(missing)} missing, ${formatCount(extra)} extra, ${formatCount(different)} different</span>`
}

function formatCheck({ check }: DemoReportModel): Html {
  const tone = check.verdict === 'whole' ? 'good' : 'damage'
  return html`<h3>The vault <span class="muted">is <b class="${tone}">${check.verdict}</b></span></h3>
<p>All ${formatPlural(check.objects, 'object')}, ${formatBytes(check.bytes)}, were read${depthOf(check.depth)}: ${check.problems.length === 0 ? 'no problem found.' : formatPlural(check.problems.length, 'problem')}</p>
${check.problems.length === 0 ? null : html`<ul>${check.problems.slice(0, PROBLEMS_SHOWN).map(({ object, problem }) => html`<li class="damage"><code>${object}</code> ${problem}</li>`)}</ul>`}`
}

const PROBLEMS_SHOWN = 20

function depthOf(depth: string): string {
  switch (depth) {
    case 'hashes':
      return ' and compared with the hashes that signed entries name'
    case 'authenticated':
      return ', compared with their signed hashes and opened'
    case 'decoded':
      return ', compared with their signed hashes, opened and decoded to the last row'
    default:
      return ` (${depth})`
  }
}

function formatSizes(model: DemoReportModel): Html {
  const sourceBytes = model.systems.reduce((sum, { bytes }) => sum + bytes, 0)
  const stored = model.moments.map((moment) => ({ moment, bytes: storedAt(model, moment) }))
  const max = Math.max(sourceBytes, ...stored.map(({ bytes }) => bytes), 1)
  return html`<dl class="sizes">
${formatBar('The systems themselves', sourceBytes, { max, tone: 'source' })}
${stored.map(({ moment, bytes }) => formatBar(moment.title, bytes, { max, tone: moment.tone }))}
</dl>
<p class="muted small">Stored in the vault for each moment, compressed and sealed, keys and digests included.</p>`
}

function storedAt(model: DemoReportModel, moment: ReportMoment): number {
  return model.systems.reduce(
    (sum, { source }) => sum + (pointAt(model, moment, source)?.bytesStored ?? 0),
    0,
  )
}

function formatBar(
  label: string,
  bytes: number,
  { max, tone }: { max: number; tone: string },
): Html {
  const width = bytes === 0 ? 0 : Math.max(0.4, (bytes / max) * 100)
  return html`<div><dt>${label}</dt><dd><svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-fill ${tone}" width="${width.toFixed(2)}" height="6"/></svg><span class="number">${formatBytes(bytes)}</span></dd></div>`
}
