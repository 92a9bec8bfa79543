import { type Command, Option } from 'commander'
import type { ExpiryAnswer } from '#app/expire-points'
import { AppError } from '#stdx/app-error'
import { collect } from '../collect.ts'
import { formatCount, formatTime } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'
import { readTextFile } from '../text-file.ts'
import {
  describeProposal,
  refuseBoth,
  type TwoHands,
  twoHandsOptions,
  writeProposal,
} from './mark.ts'

type Options = TwoHands & { readonly dryRun?: boolean; readonly confirm?: readonly string[] }

export function addExpire(program: Command, act: Act): void {
  const command = program
    .command('expire')
    .argument('[NAME...]', 'sources; all of the configuration when left out; none with --cosign')
    .option('--dry-run', 'say what would go and why the rest stays, and change nothing')
  for (const option of twoHandsOptions()) command.addOption(option)
  command
    .addOption(
      new Option('--confirm <NAME>', 'the name of a source, typed out; may be repeated').argParser(
        collect,
      ),
    )
    .description('Let points go that the retention of their source does not keep.')
    .action(act(runExpire))
}

async function runExpire(shell: Shell, names: string[], options: Options): Promise<undefined> {
  refuseBoth(options)
  if (options.cosign !== undefined && names.length > 0) {
    const message = 'Cannot read the command line: wanted sources, or --cosign and no source'
    throw new AppError('cli.usage', message)
  }
  if (options.propose !== undefined && options.dryRun === true) {
    const message = 'Cannot read the command line: wanted --propose or --dry-run, not both'
    throw new AppError('cli.usage', message)
  }
  if (options.cosign !== undefined) return await takeUp(shell, options.cosign, options)
  if (options.propose !== undefined) return await propose(shell, options.propose, names)
  const { context, output, signal } = shell
  const { expirePoints } = await import('#app/expire-points')
  output.beginLines()
  const { sources } = await context.readConfig()
  const vault = await context.openVault(signal)
  const isDryRun = options.dryRun ?? false
  const known = await vault.listSources(signal)
  for (const source of names.length > 0 ? names : Object.keys(sources)) {
    // A source of the configuration that was never backed up has nothing to let go.
    if (names.length === 0 && !known.includes(source)) continue
    const agree = async (answer: ExpiryAnswer) => {
      output.note(describeVerdict(answer))
      await confirmLoss(shell, source, answer.expired.length, options.confirm)
    }
    const answer = await expirePoints(context, vault, { source, isDryRun, agree }, signal)
    const { expired } = answer
    output.summary({ type: 'summary', ...answer }, () =>
      isDryRun || expired.length === 0 ? describeVerdict(answer) : describeEnd(answer),
    )
  }
}

async function propose(shell: Shell, file: string, names: readonly string[]): Promise<undefined> {
  const [source] = names
  if (source === undefined || names.length > 1) {
    const message = 'Cannot read the command line: wanted one source with --propose'
    throw new AppError('cli.usage', message)
  }
  const { proposeExpiry } = await import('#app/agree-proposal')
  const { context, output, signal } = shell
  const vault = await context.openVault(signal)
  const proposed = await proposeExpiry(context, vault, source, signal)
  output.note(describeVerdict(proposed.judged))
  await writeProposal(shell, file, proposed)
}

async function takeUp(
  shell: Shell,
  file: string,
  { confirm, dryRun: isDryRun = false }: Options,
): Promise<undefined> {
  const { context, output, signal } = shell
  const { takeUpProposal } = await import('#app/agree-proposal')
  const text = await readTextFile(file)
  const vault = await context.openVault(signal)
  const answer = await takeUpProposal(
    context,
    vault,
    {
      text,
      kind: 'expire',
      isDryRun,
      agree: async (proposed) => {
        output.note(describeProposal(proposed))
        await confirmLoss(shell, proposed.source, proposed.points.length, confirm)
      },
    },
    signal,
  )
  await output.answer(answer, () =>
    isDryRun
      ? `${describeProposal(answer)}\nnothing stands against it; nothing was committed\n`
      : `${formatCount(answer.points.length)} points of ${answer.source} expired by ${answer.entry}\n`,
  )
}

async function confirmLoss(
  shell: Shell,
  source: string,
  count: number,
  given: readonly string[] | undefined,
): Promise<void> {
  const what = `This lets ${formatCount(count)} points of "${source}" go for good.`
  const name = given?.includes(source) ? source : given?.[0]
  await shell.confirm({ what, name: source, given: name, isHarmless: false })
}

/** What would go, then what stays and why. */
function describeVerdict({ expired, kept, source }: ExpiryAnswer): string {
  const rows = [
    ...kept.map(({ point, reasons, time }) => ({
      point,
      time,
      what: `stays: ${reasons.join(', ')}`,
    })),
    ...expired.map(({ point, time }) => ({ point, time, what: 'goes' })),
  ].sort((a, b) => seqOf(a.point) - seqOf(b.point))
  const columns = [{ title: 'POINT' }, { title: 'TIME' }, { title: 'VERDICT' }]
  const table = formatTable(
    columns,
    rows.map(({ point, time, what }) => [point, formatTime(time), what]),
  )
  const counts = `${formatCount(expired.length)} of ${formatCount(rows.length)} points of ${source} go\n`
  return rows.length === 0 ? `${source} has no points\n` : table + counts
}

function describeEnd({ entry, expired, source }: ExpiryAnswer): string {
  if (entry === null) return `nothing expired of ${source}: what was to go is held or named now\n`
  return `${formatCount(expired.length)} points of ${source} expired by ${entry}; \`holdfast compact\` and \`holdfast collect\` give their space back\n`
}

function seqOf(point: string): number {
  return Number(point.split('@')[1])
}
