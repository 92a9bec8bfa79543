import { type Command, Option } from 'commander'
import type { AgreedPlan } from '#app/restore-request'
import type { UndoRestoreRequest } from '#app/undo-restore'
import { formatCount } from '../format-amounts.ts'
import { formatPlan, formatPlanNote, formatSummary } from '../format-restore.ts'
import type { Act, Shell } from '../shell.ts'

type Options = {
  readonly to?: string
  readonly planOnly?: boolean
  readonly skipConflicts?: boolean
  readonly onConflict?: 'ask' | 'ours' | 'theirs'
  readonly acceptSideEffects?: boolean
  readonly map?: string
  readonly confirm?: string
}

export function addUndo(program: Command, act: Act): void {
  program
    .command('undo')
    .argument('<RESTORE_ID>', 'as `holdfast restore` printed it')
    .option('--to <TARGET>', 'the system it wrote to, where it is called otherwise by now')
    .option('--skip-conflicts', 'leave records that were changed since as they are, undo the rest')
    .addOption(
      new Option(
        '--on-conflict <POLICY>',
        'of records that were changed since: ask refuses, theirs skips them, ours undoes them, too',
      ).choices(['ask', 'theirs', 'ours']),
    )
    .option('--accept-side-effects', 'let run what the target cannot keep from running by itself')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--plan-only', 'print what would be written, with its hash, and write nothing')
    .option('--confirm <TARGET>', 'the name of the target, typed out')
    .description(
      'Take a restore back: records become what they were before it, if nobody changed them.',
    )
    .action(act(runUndo))
}

async function runUndo(shell: Shell, restore: string, options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  if (options.planOnly !== true) output.beginLines()
  const { undoRestore } = await import('#app/undo-restore')
  const vault = await context.openVault(signal)
  const request = formatRequest(shell, restore, options)
  const { plans, summaries } = await undoRestore(context, vault, request, signal)
  const [plan] = plans
  if (summaries !== null || plan === undefined) return
  await output.answer({ type: 'plan', ...plan }, () => formatPlan(plan))
}

function formatRequest(
  { confirm, output }: Shell,
  restore: string,
  options: Options,
): UndoRestoreRequest {
  const refused = (plan: AgreedPlan) => {
    output.event({ type: 'plan', ...plan })
    output.note(formatPlanNote(plan))
  }
  return {
    restore,
    target: options.to,
    mapFile: options.map,
    isPlanOnly: options.planOnly ?? false,
    mayRunSideEffects: options.acceptSideEffects ?? false,
    undo: {
      isSkippingConflicts: options.skipConflicts ?? options.onConflict === 'theirs',
      isForcing: options.onConflict === 'ours',
      refused,
    },
    onUndecided: refused,
    agree: async (agreed, { isEmpty, writes }) => {
      const { target } = agreed
      output.note(formatPlanNote(agreed))
      const what = `This writes ${formatCount(writes)} records to "${target}".`
      await confirm({ what, name: target, given: options.confirm, isHarmless: isEmpty })
    },
    onWritten({ point, target, undoes }, summary) {
      const document = { type: 'summary', point, target, undoes, ...summary }
      output.summary(document, () => formatSummary(summary))
    },
  }
}
