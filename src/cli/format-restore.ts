import type { AgreedPlan, RestoreSummary } from '#app/restore-request'
import { formatAdjusting } from './format-adjusting.ts'
import { formatCount, formatDuration, formatMoment } from './format-amounts.ts'
import { formatConflicts } from './format-conflicts.ts'
import { formatCounters } from './format-counters.ts'
import { formatMappings } from './format-mappings.ts'
import { formatMissing, formatReferred } from './format-missing.ts'
import { countKinds, listNames, type NotRestored } from './format-not-restored.ts'
import { formatSideEffects } from './format-side-effects.ts'
import { formatTable } from './format-table.ts'
import { visible } from './text-width.ts'

/** What would be written into one target, and everything that a person should know before it is. */
export function formatPlan(plan: AgreedPlan): string {
  return formatParts(plan, { hasValues: true, tell: listNames })
}

/** The same for a remark on the way: short, and without what records hold, for remarks are kept in logs. */
export function formatPlanNote(plan: AgreedPlan): string {
  return formatParts(plan, { hasValues: false, tell: countKinds })
}

type Telling = {
  readonly hasValues: boolean
  readonly tell: (notRestored: NotRestored) => string
}

function formatParts(plan: AgreedPlan, { hasValues, tell }: Telling): string {
  const { notRestored, steps, target } = plan
  const left = notRestored.length === 0 ? '' : tell(notRestored)
  const others = steps.flatMap(({ entity, otherTypes }) =>
    otherTypes.map(
      (one) =>
        `${entity}: ${visible(one.field)} is ${one.point} at the point and ${one.target} in ${target}\n`,
    ),
  )
  const doubt =
    others.length === 0 ? '' : 'A value that these fields cannot keep stops the restore.\n'
  const effects = formatSideEffects(plan.sideEffects ?? [])
  const mapped = formatMappings(plan.mappings ?? [])
  const parts = [
    formatSteps(plan),
    formatConflicts(plan, hasValues),
    formatMissing(plan),
    formatReferred(plan),
    formatAdjusting(plan, hasValues),
    others.join(''),
    doubt,
    mapped,
    formatFits(plan),
    formatMoved(plan),
    formatCounters(plan.counters ?? [], 'moves'),
    effects,
    left,
  ]
  return `${formatTitle(plan)}\n${parts.join('')}plan ${plan.plan}\n`
}

/** What is not put back, or under another name, because a person said so. */
function formatFits({ fits = [], inexact = [], target }: AgreedPlan): string {
  const lines = fits.map(({ becomes, entity, field }) => {
    const name = `${entity}:${visible(field)}`
    if (becomes === null) return `left out ${name}: its values are not put back\n`
    return `renamed ${name}: it is ${visible(becomes)} in ${target}\n`
  })
  const nulls = inexact.map((name) => {
    return `inexact ${visible(name)}: where ${target} does not hold its value\n`
  })
  return [...lines, ...nulls].join('')
}

/** Records that got another key in the source. */
function formatMoved({ moved = [] }: AgreedPlan): string {
  const lines = moved.map(({ earlier, entity, fields, key, targetKey }) => {
    const name = visible(`${entity}:${key}`)
    const same = `it has the ${fields.map(visible).join(', ')} of ${visible(`${entity}:${earlier}`)}`
    return `moved ${name}: ${same}, which is gone, and goes on as ${visible(`${entity}:${targetKey}`)}\n`
  })
  return lines.join('')
}

function formatTitle({ point, target, undoes, undone }: AgreedPlan): string {
  if (undoes !== undefined) return `undo restore ${undoes} (of ${point}) on ${target}`
  if (undone === undefined) return `${point} to ${target}`
  const { time, transaction } = undone
  return `undo ${undone.point} (transaction ${transaction}, ${formatMoment(time)}) on ${target}`
}

/** An undo leaves no added rows standing but those that are conflicts. */
function formatSteps({ steps, undoes, undone }: AgreedPlan): string {
  type Step = AgreedPlan['steps'][number]
  const has = (count: (step: Step) => number | undefined) => steps.some((step) => count(step))
  const isUndo = undone !== undefined || undoes !== undefined
  const hasConflicts = isUndo || has(({ conflicts }) => conflicts)
  const columns: (readonly [string, (step: Step) => number | undefined])[] = [
    ['INSERT', ({ insert }) => insert],
    ['UPDATE', ({ update }) => update],
    ['DELETE', (step) => step.delete],
    ...(!isUndo ? [['EXTRA', ({ extra }: Step) => extra] as const] : []),
    ['SAME', ({ same }) => same],
    ...(has(({ stay }) => stay) ? [['STAY', ({ stay }: Step) => stay] as const] : []),
    ...(has(({ emptied }) => emptied)
      ? [['EMPTIED', ({ emptied }: Step) => emptied] as const]
      : []),
    ...(hasConflicts ? [['CONFLICT', ({ conflicts }: Step) => conflicts] as const] : []),
  ]
  const rows = steps.map((step) => {
    return [step.entity, step.action, ...columns.map(([, count]) => formatCount(count(step) ?? 0))]
  })
  const counts = columns.map(([title]) => ({ title, align: 'right' as const }))
  return formatTable([{ title: 'ENTITY' }, { title: 'ACTION' }, ...counts], rows)
}

/** What was written, how it was proved, and how it is taken back. */
export function formatSummary(summary: RestoreSummary): string {
  const { conflicts, deleted, durationMs, inserted, leftOut, readBackMs, updated, verified } =
    summary
  const counts = `${formatCount(inserted)} inserted, ${formatCount(updated)} updated, ${formatCount(deleted)} deleted in ${formatDuration(durationMs)}`
  const left = conflicts ?? summary.stay
  const others =
    left === undefined ? `${formatCount(summary.extra)} extra` : `${formatCount(left)} left alone`
  const proof = `read back ${formatCount(verified.records)} records in ${formatDuration(readBackMs)}: ${formatCount(verified.different)} differ, ${others}`
  const names = leftOut.map(({ kind, name, reason }) => `left out ${kind} ${name}: ${reason}\n`)
  const { counters = [], earlier, settles = [] } = summary
  const before = earlier === undefined ? '' : `restore ${earlier} had done the same before\n`
  const settled = settles.map(
    (id) => `settles restore ${id}, which was interrupted: \`holdfast undo ${id}\` takes it back\n`,
  )
  const time = `recovery time ${formatDuration(summary.recoveryMs)}\n`
  const moved = formatCounters(counters, 'moved')
  const parts = [...names, moved, ...settled, before, time, `restore ${summary.restore}\n`]
  return `${counts}\n${proof}\n${parts.join('')}`
}
