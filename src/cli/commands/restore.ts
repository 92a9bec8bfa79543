import type { Command } from 'commander'
import type { ChosenTarget } from '#app/choose-targets'
import type { AgreedPlan, RestoreSummary } from '#app/restore-point'
import { isAppError } from '#stdx/app-error'
import { collect } from '../collect.ts'
import { formatCount, formatDuration } from '../format-amounts.ts'
import { countKinds, listNames, type NotRestored } from '../format-not-restored.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'
import { visible } from '../text-width.ts'

type Options = {
  readonly to: string[]
  readonly entity?: string[]
  readonly record?: string[]
  readonly field?: string[]
  readonly planOnly?: boolean
  readonly deleteAdded?: boolean
  readonly confirm?: string[]
}

export function addRestore(program: Command, act: Act): void {
  program
    .command('restore')
    .argument('<POINT>')
    .requiredOption(
      '--to <[SOURCE=]TARGET>',
      'a target of the configuration; one for each source where POINT is @TIME or @LABEL',
      collect,
    )
    .option('--entity <ENTITY>', 'only this entity; may be repeated', collect)
    .option('--record <ENTITY:KEY>', 'only this record; may be repeated', collect)
    .option('--field <ENTITY:KEY:FIELD>', 'only this field of a record; may be repeated', collect)
    .option('--delete-added', 'delete what the target has and the point does not hold')
    .option('--plan-only', 'print what would be written, with its hash, and write nothing')
    .option('--confirm <TARGET>', 'the name of the target, typed out; for each of several', collect)
    .description('Put back a point, entities, records or fields, and read back what was written.')
    .action(act(runRestore))
}

/** Each source commits alone; the first failure is the exit status, after all have been tried. */
async function runRestore(shell: Shell, point: string, options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const { chooseTargets } = await import('#app/choose-targets')
  // Points of several sources are several answers, a plan being one of them.
  if (options.planOnly !== true || point.startsWith('@')) output.beginLines()
  const vault = await context.openVault(signal)
  const failures: unknown[] = []
  for (const chosen of await chooseTargets(vault, { point, to: options.to }, signal)) {
    try {
      await restoreOne(shell, vault, chosen, options)
    } catch (error) {
      signal.throwIfAborted()
      if (failures.length > 0 && isAppError(error)) output.warning(error)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function restoreOne(
  shell: Shell,
  vault: Awaited<ReturnType<Shell['context']['openVault']>>,
  { point, target }: ChosenTarget,
  options: Options,
): Promise<void> {
  const { context, output, signal } = shell
  const { restorePoint } = await import('#app/restore-point')
  const { plan, summary } = await restorePoint(
    context,
    vault,
    {
      point,
      target,
      entities: options.entity ?? [],
      records: options.record ?? [],
      fields: options.field ?? [],
      isDeleteAllowed: options.deleteAdded ?? false,
      isPlanOnly: options.planOnly ?? false,
      agree: async (agreed, { isEmpty, writes }) => {
        output.note(describePlan(agreed, countKinds))
        const what = `This writes ${formatCount(writes)} records to "${target}".`
        const given = options.confirm?.find((name) => name === target) ?? options.confirm?.[0]
        await shell.confirm({ what, name: target, given, isHarmless: isEmpty })
      },
    },
    signal,
  )
  if (summary !== null) {
    const document = { type: 'summary', point: plan.point, target, ...summary }
    output.summary(document, () => describeSummary(summary))
    return
  }
  const document = { type: 'plan', ...plan }
  const toText = () => describePlan(plan, listNames)
  if (options.to.length > 1) await output.item(document, toText)
  else await output.answer(document, toText)
}

function describePlan(
  { notRestored, plan, point, steps, target }: AgreedPlan,
  tell: (notRestored: NotRestored) => string,
): string {
  const rows = steps.map((step) => [
    step.entity,
    step.action,
    ...[step.insert, step.update, step.delete, step.extra, step.same].map(formatCount),
  ])
  const counts = ['INSERT', 'UPDATE', 'DELETE', 'EXTRA', 'SAME'].map((title) => {
    return { title, align: 'right' as const }
  })
  const table = formatTable([{ title: 'ENTITY' }, { title: 'ACTION' }, ...counts], rows)
  const left = notRestored.length === 0 ? '' : tell(notRestored)
  const others = steps.flatMap(({ entity, otherTypes }) =>
    otherTypes.map(
      (one) =>
        `${entity}: ${visible(one.field)} is ${one.point} at the point and ${one.target} in ${target}\n`,
    ),
  )
  const doubt =
    others.length === 0 ? '' : 'A value that these fields cannot keep stops the restore.\n'
  return `${point} to ${target}\n${table}${others.join('')}${doubt}${left}plan ${plan}\n`
}

function describeSummary(summary: RestoreSummary): string {
  const { deleted, durationMs, extra, inserted, leftOut, readBackMs, updated, verified } = summary
  const counts = `${formatCount(inserted)} inserted, ${formatCount(updated)} updated, ${formatCount(deleted)} deleted in ${formatDuration(durationMs)}`
  const proof = `read back ${formatCount(verified.records)} records in ${formatDuration(readBackMs)}: ${formatCount(verified.different)} differ, ${formatCount(extra)} extra`
  const names = leftOut.map(({ kind, name, reason }) => `left out ${kind} ${name}: ${reason}\n`)
  return `${counts}\n${proof}\n${names.join('')}`
}
