import type { Command } from 'commander'
import type { AgreedPlan, PlanFacts, RestoreRequest, RestoreSummary } from '#app/restore-request'
import { AppError } from '#stdx/app-error'
import { collect } from '../collect.ts'
import { formatCount, formatDuration, formatMoment } from '../format-amounts.ts'
import { countKinds, listNames, type NotRestored } from '../format-not-restored.ts'
import { formatSideEffects } from '../format-side-effects.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'
import { visible } from '../text-width.ts'
import { warnUnproven } from '../warn-unproven.ts'

type Options = {
  readonly to: string[]
  readonly entity?: string[]
  readonly record?: string[]
  readonly field?: string[]
  readonly planOnly?: boolean
  readonly acceptSideEffects?: boolean
  readonly deleteAdded?: boolean
  readonly undoTransaction?: string
  readonly skipConflicts?: boolean
  readonly confirm?: string[]
}

export function addRestore(program: Command, act: Act): void {
  program
    .command('restore')
    .argument('[POINT]', 'what is put back; left out where a transaction is undone')
    .requiredOption(
      '--to <[SOURCE=]TARGET>',
      'a target of the configuration; one for each source where POINT is @TIME or @LABEL',
      collect,
    )
    .option('--entity <ENTITY>', 'only this entity; may be repeated', collect)
    .option('--record <ENTITY:KEY>', 'only this record; may be repeated', collect)
    .option('--field <ENTITY:KEY:FIELD>', 'only this field of a record; may be repeated', collect)
    .option('--delete-added', 'delete what the target has and the point does not hold')
    .option(
      '--undo-transaction <POINT>',
      'take back one transaction, like erp@12.5, and nothing since',
    )
    .option('--skip-conflicts', 'leave records that were changed since as they are, undo the rest')
    .option('--accept-side-effects', 'let run what the target cannot keep from running by itself')
    .option('--plan-only', 'print what would be written, with its hash, and write nothing')
    .option('--confirm <TARGET>', 'the name of the target, typed out; for each of several', collect)
    .description(
      'Put back a point, entities, records or fields, or undo a transaction; read back what was written.',
    )
    .action(act(runRestore))
}

/** All targets are planned and agreed to before the first is written. */
async function runRestore(
  shell: Shell,
  given: string | undefined,
  options: Options,
): Promise<undefined> {
  const { context, output, signal } = shell
  const point = judgePoint(given, options)
  const { chooseTargets } = await import('#app/choose-targets')
  // Points of several sources are several answers, a plan being one of them.
  if (options.planOnly !== true || point.startsWith('@')) output.beginLines()
  const vault = await context.openVault(signal)
  const targets = await chooseTargets(vault, { point, to: options.to }, signal)
  const { restorePoint } = await import('#app/restore-point')
  const unproven = new Set<string>()
  const request = formatRequest(shell, options, { targets, unproven })
  const { plans, summaries } = await restorePoint(context, vault, request, signal)
  if (summaries !== null) return
  for (const plan of plans) {
    const document = { type: 'plan', ...plan, ...sayUnproven(unproven, plan) }
    const toText = () => describePlan(plan, listNames)
    if (plans.length > 1) await output.item(document, toText)
    else await output.answer(document, toText)
  }
}

/**
 * The point that it is all about: what is put back, or what is undone.
 * @throws cli.usage
 */
function judgePoint(point: string | undefined, options: Options): string {
  const { undoTransaction: undone } = options
  if (undone === undefined) {
    if (options.skipConflicts === true)
      throw mixed('--skip-conflicts without --undo-transaction', 'need both')
    if (point === undefined) throw mixed('no point', 'need one, like erp@latest')
    return point
  }
  const { deleteAdded, entity = [], field = [], record = [] } = options
  const isScoped = entity.length + field.length + record.length > 0 || deleteAdded === true
  if (point !== undefined) throw mixed(`${point} beside --undo-transaction`, 'need one of them')
  if (isScoped)
    throw mixed(
      '--entity, --record, --field or --delete-added beside --undo-transaction',
      'a transaction is undone whole',
    )
  return undone
}

function mixed(found: string, wanted: string): AppError {
  return new AppError('cli.usage', `Cannot restore: found ${found}, ${wanted}`)
}

function formatRequest(
  shell: Shell,
  options: Options,
  { targets, unproven }: Pick<RestoreRequest, 'targets'> & { readonly unproven: Set<string> },
): RestoreRequest {
  const { output } = shell
  return {
    targets,
    entities: options.entity ?? [],
    records: options.record ?? [],
    fields: options.field ?? [],
    isDeleteAllowed: options.deleteAdded ?? false,
    isPlanOnly: options.planOnly ?? false,
    mayRunSideEffects: options.acceptSideEffects ?? false,
    ...(options.undoTransaction !== undefined && {
      undo: {
        isSkippingConflicts: options.skipConflicts ?? false,
        refused: (refused) => {
          output.event({ type: 'plan', ...refused })
          output.note(describePlan(refused, countKinds))
        },
      },
    }),
    onProvenness(found, target) {
      warnUnproven(output, found)
      if (found.proven === false) unproven.add(target)
    },
    agree: (agreed, facts) => agree(shell, options, agreed, facts),
    onWritten(plan, summary) {
      const { point, target } = plan
      const proven = sayUnproven(unproven, plan)
      const document = { type: 'summary', point, target, ...summary, ...proven }
      output.summary(document, () => describeSummary(summary))
    },
  }
}

function sayUnproven(unproven: ReadonlySet<string>, { target }: AgreedPlan) {
  return unproven.has(target) ? { proven: false } : {}
}

async function agree(
  { confirm, output }: Shell,
  options: Options,
  agreed: AgreedPlan,
  { isEmpty, writes }: PlanFacts,
): Promise<void> {
  const { target } = agreed
  output.note(describePlan(agreed, countKinds))
  const what = `This writes ${formatCount(writes)} records to "${target}".`
  const given = options.confirm?.find((name) => name === target) ?? options.confirm?.[0]
  await confirm({ what, name: target, given, isHarmless: isEmpty })
}

function describePlan(plan: AgreedPlan, tell: (notRestored: NotRestored) => string): string {
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
  const parts = [formatSteps(plan), formatConflicts(plan), others.join(''), doubt, effects, left]
  return `${formatTitle(plan)}\n${parts.join('')}plan ${plan.plan}\n`
}

function formatTitle({ point, target, undone }: AgreedPlan): string {
  if (undone === undefined) return `${point} to ${target}`
  const { time, transaction } = undone
  return `undo ${undone.point} (transaction ${transaction}, ${formatMoment(time)}) on ${target}`
}

/** An undo leaves no added rows standing but those that are conflicts. */
function formatSteps({ steps, undone }: AgreedPlan): string {
  const isUndo = undone !== undefined
  const rows = steps.map((step) => [
    step.entity,
    step.action,
    ...[step.insert, step.update, step.delete].map(formatCount),
    ...(isUndo
      ? [step.same, step.conflicts ?? 0].map(formatCount)
      : [step.extra, step.same].map(formatCount)),
  ])
  const titles = [
    'INSERT',
    'UPDATE',
    'DELETE',
    ...(isUndo ? ['SAME', 'CONFLICT'] : ['EXTRA', 'SAME']),
  ]
  const counts = titles.map((title) => ({ title, align: 'right' as const }))
  return formatTable([{ title: 'ENTITY' }, { title: 'ACTION' }, ...counts], rows)
}

const CONFLICTS_SHOWN_MAX = 100

function formatConflicts({ conflicts = [], steps }: AgreedPlan): string {
  const shown = conflicts.slice(0, CONFLICTS_SHOWN_MAX)
  const lines = shown.map(({ entity, fields, found, key }) => {
    const record = visible(`${entity}:${key}`)
    const names = fields.map(visible).join(', ')
    if (found === 'gone') return `conflict ${record}: it was deleted since\n`
    if (found === 'back') return `conflict ${record}: it was added again, with other ${names}\n`
    return `conflict ${record}: ${names} changed since\n`
  })
  const all = steps.reduce((sum, step) => sum + (step.conflicts ?? 0), 0)
  const more = all - shown.length
  return lines.join('') + (more === 0 ? '' : `and ${formatCount(more)} more conflicts\n`)
}

function describeSummary(summary: RestoreSummary): string {
  const { conflicts, deleted, durationMs, inserted, leftOut, readBackMs, updated, verified } =
    summary
  const counts = `${formatCount(inserted)} inserted, ${formatCount(updated)} updated, ${formatCount(deleted)} deleted in ${formatDuration(durationMs)}`
  const others =
    conflicts === undefined
      ? `${formatCount(summary.extra)} extra`
      : `${formatCount(conflicts)} left alone`
  const proof = `read back ${formatCount(verified.records)} records in ${formatDuration(readBackMs)}: ${formatCount(verified.different)} differ, ${others}`
  const names = leftOut.map(({ kind, name, reason }) => `left out ${kind} ${name}: ${reason}\n`)
  return `${counts}\n${proof}\n${names.join('')}`
}
