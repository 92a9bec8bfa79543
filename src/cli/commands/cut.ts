import type { Command } from 'commander'
import type { CutAnswer, CutEvent, SourceCutAnswer } from '#app/cut-sources'
import { AppError, isAppError } from '#stdx/app-error'
import { parseDurationMs } from '#stdx/duration'
import { formatDuration, formatMoment } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Output } from '../output.ts'
import type { Act, Shell } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

type Options = { readonly label: string; readonly at?: string; readonly wait: string }

/** A line about a source that is waited for so often. */
const LINE_EVERY = 5

export function addCut(program: Command, act: Act): void {
  program
    .command('cut')
    .argument('<NAME...>', 'sources')
    .requiredOption('--label <LABEL>', 'what the cut is called: lower-case letters, digits, dashes')
    .option('--at <TIME>', 'a moment that is past, like 2026-06-30T22:00:00Z; else now')
    .option('--wait <DURATION>', 'longest to wait for a source that is followed', '10m')
    .description('Make one business cut over several sources, and give it a name.')
    .action(act(runCut))
}

async function runCut(shell: Shell, names: string[], options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const { at, label, wait } = options
  const waitMs = parseDurationMs(wait)
  if (waitMs === undefined) {
    const found = `found "${wait}" for --wait, wanted a number with s, m, h or d, like 30m`
    throw new AppError('cli.usage', `Cannot read the command line: ${found}`)
  }
  const load = () => import('#app/cut-sources')
  const vault = await context.openVault(signal, { meanwhile: load })
  const { cutSources } = await load()
  const teller = new CutTeller(output)
  const sources = [...new Set(names)]
  const tell = (source: string, event: CutEvent) => teller.tell(source, event)
  const answer = await cutSources(context, vault, { label, sources, at, waitMs, tell }, signal)
  await output.answer(answer, () => formatCut(answer))
  for (const one of answer.sources) warnUnproven(output, one)
}

class CutTeller {
  readonly #output: Output
  readonly #waits = new Map<string, number>()

  constructor(output: Output) {
    this.#output = output
  }

  tell(source: string, event: CutEvent): void {
    if (event.kind === 'behind') this.#tellBehind(source, event.knownUpTo)
    else if (event.kind === 'scanning')
      this.#output.note(`${source}: scanning, because ${event.why}`)
    else if (event.kind === 'opened') this.#output.note(`${source}: following up to that moment`)
    else if (event.kind === 'gap') this.#warn(source, event.reason, event.found)
    else if (event.kind === 'waiting') this.#tellFailure(source, event.error)
  }

  #tellBehind(source: string, knownUpTo: string): void {
    const count = this.#waits.get(source) ?? 0
    this.#waits.set(source, count + 1)
    if (count % LINE_EVERY !== 0) return
    const line = { type: 'progress', source, state: 'waiting', knownUpTo }
    this.#output.event(line)
    this.#output.note(
      `${source}: somebody follows it, and has come to ${formatMoment(knownUpTo)}: waiting`,
    )
  }

  #tellFailure(source: string, error: unknown): void {
    const code = isAppError(error) ? error.code : 'capture.follow-failed'
    this.#warn(source, code, error instanceof Error ? error.message : String(error))
  }

  #warn(source: string, code: string, found: string): void {
    this.#output.warning({ code, message: `${source}: ${found}` })
  }
}

function formatCut({ label, moment, skewMs, sources }: CutAnswer): string {
  const columns = [
    { title: 'POINT' },
    { title: 'TIME' },
    { title: 'SKEW', align: 'right' },
    { title: '' },
  ] as const
  const rows = sources.map((one) => [
    one.point,
    formatMoment(one.time),
    formatSkew(one.skewMs),
    describeBetween(one),
  ])
  const spread =
    skewMs === 0
      ? 'Every source is as it was at that moment.'
      : `The sources are up to ${formatDuration(skewMs)} apart.`
  return `${label}  ${formatMoment(moment)}\n${formatTable(columns, rows)}${spread}\n`
}

function formatSkew(skewMs: number): string {
  return `${skewMs < 0 ? '-' : '+'}${formatDuration(Math.abs(skewMs))}`
}

function describeBetween(one: SourceCutAnswer): string {
  const { laterMs } = one
  if (laterMs === undefined) return describeApart(one)
  const later = `its times are whole seconds: what came up to ${formatDuration(laterMs)} later may be in it`
  return one.between === 'nothing' ? later : `${describeApart(one)}; ${later}`
}

function describeApart({ between, skewMs }: SourceCutAnswer): string {
  const apart = formatDuration(Math.abs(skewMs))
  switch (between) {
    case 'nothing':
      return 'nothing was committed between'
    case 'missing':
      return `its cut is ${apart} earlier: what was committed between is not in it`
    case 'included':
      return `its cut is ${apart} later: what was committed between is in it`
  }
}
