import { type Command, Option } from 'commander'
import type { ProposalAnswer, Proposed } from '#app/agree-proposal'
import type { MarkAnswer } from '#app/mark-points'
import { AppError } from '#stdx/app-error'
import type { Act, Shell } from '../shell.ts'
import { readTextFile, writeNewFile } from '../text-file.ts'

export type TwoHands = { readonly propose?: string; readonly cosign?: string }

type Dry = { readonly dryRun?: boolean }
type HoldOptions = Dry & { readonly reason: string }

const DRY_RUN = ['--dry-run', 'say what would be, and commit nothing'] as const

export function addLabel(program: Command, act: Act): void {
  program
    .command('label')
    .argument('<POINT>')
    .argument('<LABEL>', 'lower-case letters, digits and dashes')
    .description(
      'Give a point a name, once and for ever: it reads as NAME@LABEL, and never expires.',
    )
    .option(...DRY_RUN)
    .action(
      act(async ({ context, output, signal }, point: string, label: string, options: Dry) => {
        const { labelPoint } = await import('#app/mark-points')
        const vault = await context.openVault(signal)
        const isDryRun = options.dryRun
        const answer = await labelPoint(vault, { point, label, isDryRun }, signal)
        await output.answer(answer, () => describeMark(answer, `labelled ${label}`, isDryRun))
      }),
    )
}

export function addHold(program: Command, act: Act): void {
  program
    .command('hold')
    .argument('<POINT...>')
    .requiredOption('--reason <TEXT>', 'why; kept in the timeline, so no personal data')
    .option(...DRY_RUN)
    .description('Keep points from expiring until they are released.')
    .action(
      act(async ({ context, output, signal }, points: string[], options: HoldOptions) => {
        const { holdPoints } = await import('#app/mark-points')
        const vault = await context.openVault(signal)
        const { dryRun: isDryRun, reason } = options
        const answer = await holdPoints(vault, { points, reason, isDryRun }, signal)
        await output.answer(answer, () => describeMark(answer, 'held', isDryRun))
      }),
    )
}

export function addRelease(program: Command, act: Act): void {
  const command = program.command('release').argument('[POINT...]', 'none with --cosign')
  for (const option of twoHandsOptions()) command.addOption(option)
  command.option(...DRY_RUN)
  command.description('End the hold of points.').action(act(runRelease))
}

async function runRelease(
  shell: Shell,
  points: string[],
  options: TwoHands & Dry,
): Promise<undefined> {
  const { context, output, signal } = shell
  if ((options.cosign === undefined) === (points.length === 0)) {
    const message = 'Cannot read the command line: wanted points, or --cosign and no point'
    throw new AppError('cli.usage', message)
  }
  refuseBoth(options)
  const { dryRun: isDryRun } = options
  if (isDryRun && options.propose !== undefined) {
    const message = 'Cannot read the command line: wanted --propose or --dry-run, not both'
    throw new AppError('cli.usage', message)
  }
  const vault = await context.openVault(signal)
  if (options.cosign !== undefined) {
    const { takeUpProposal } = await import('#app/agree-proposal')
    const text = await readTextFile(options.cosign)
    const agree = async (answer: ProposalAnswer) => output.note(describeProposal(answer))
    const request = { text, kind: 'release', agree, isDryRun: isDryRun ?? false } as const
    const answer = await takeUpProposal(context, vault, request, signal)
    await output.answer(answer, () =>
      answer.entry === null ? `${describeProposal(answer)}\n` : `released by ${answer.entry}\n`,
    )
  } else if (options.propose !== undefined) {
    const { proposeRelease } = await import('#app/agree-proposal')
    await writeProposal(shell, options.propose, await proposeRelease(vault, points, signal))
  } else {
    const { releasePoints } = await import('#app/mark-points')
    const answer = await releasePoints(vault, { points, isDryRun }, signal)
    await output.answer(answer, () => describeMark(answer, 'released', isDryRun))
  }
}

/** Writes what a custodian proposes; nothing is written where there is nothing to propose. */
export async function writeProposal(
  { context, output }: Shell,
  path: string,
  { answer, text }: Proposed,
): Promise<void> {
  if (text !== null) await writeNewFile(path, text, context.random)
  const file = text === null ? null : path
  await output.answer({ ...answer, file }, () =>
    file === null
      ? `nothing to ${answer.kind} of ${answer.source}\n`
      : `${describeProposal(answer)}\nproposed in ${file}; nothing is committed before the keeper takes it up\n`,
  )
}

export function describeProposal({ kind, points }: ProposalAnswer): string {
  return [`to ${kind}:`, ...points.map((point) => `  ${point}`)].join('\n')
}

export function twoHandsOptions(): Option[] {
  return [
    new Option('--propose <FILE>', 'as custodian: write the proposal to a new file and stop'),
    new Option('--cosign <FILE>', 'as keeper: judge a proposal and commit it'),
  ]
}

export function refuseBoth({ cosign, propose }: TwoHands): void {
  if (cosign === undefined || propose === undefined) return
  const message = 'Cannot read the command line: wanted --propose or --cosign, not both'
  throw new AppError('cli.usage', message)
}

function describeMark(
  { entries, points }: MarkAnswer,
  what: string,
  isDryRun: boolean | undefined,
): string {
  if (isDryRun) return points.map((point) => `${point} would be ${what}\n`).join('')
  const already = entries.length === 0 ? ' already' : ''
  return points.map((point) => `${point} ${what}${already}\n`).join('')
}
