import { CommanderError } from 'commander'
import type { Context, Warning } from '#app/context'
import type { ProgressSink } from '#app/progress'
import { type ProcessSettings, readProcessSettings } from '#config/read-process-settings'
import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { AskStreams } from './ask.ts'
import { confirm } from './confirm.ts'
import { CLI_ERRORS } from './errors.ts'
import { keepStreams } from './keep-text.ts'
import { createOutput, type TextStream } from './output.ts'
import { createPaint } from './paint.ts'
import { buildProgram, readFlags } from './program.ts'
import { createProgress } from './progress.ts'
import { type ErrorTable, formatErrorLine, formatErrorReport, reportError } from './report-error.ts'
import type { Act, Done, InsideRun, Shell } from './shell.ts'
import { type Interrupts, watchInterrupts } from './watch-interrupts.ts'

export type CliDeps = {
  readonly version: string
  /** The folder of the command `holdfast`. */
  readonly binFolder: string
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: AskStreams['input']
  readonly stdout: TextStream
  readonly stderr: TextStream & AskStreams['output']
  readonly interrupts: Interrupts
  openContext(request: ContextRequest): Context
}

/** What the terminal adds to a context. */
export type ContextRequest = {
  readonly settings: ProcessSettings
  readonly progress: ProgressSink
  warn(warning: Warning): void
  /** Asks without echo; `undefined` when nobody can be asked. */
  readonly askHidden: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
}

/**
 * Runs one command line and returns its exit status. Every failure ends here, in one message.
 *
 * @param argv without the program's own name
 */
export async function runCli(deps: CliDeps, argv: readonly string[]): Promise<number> {
  let exit = 0
  const act: Act =
    (run) =>
    async (...args) => {
      const settings = readProcessSettings(deps.environment, readFlags(program))
      exit = await runShell(deps, settings, (shell) => run(shell, ...args))
    }
  const writeOut = (text: string) => {
    deps.stdout.write(text)
  }
  const program = buildProgram({ act, version: deps.version, writeOut })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    const failure = translateUsage(error)
    return failure === undefined ? 0 : await printFailure(deps, argv, failure)
  }
}

async function runShell(
  deps: CliDeps,
  settings: ProcessSettings,
  run: (shell: Shell) => Done,
): Promise<number> {
  const { stderr, stdout } = deps
  const isJson = settings.json ?? false
  const isQuiet = settings.quiet ?? false
  const paint = createPaint(stdout.isTTY === true && !settings.noColor)
  const output = createOutput({ stdout, stderr, isJson, isQuiet, paint })
  using progress = createProgress({ clock: deps.clock, stderr, output, isQuiet })
  using interrupted = watchInterrupts(deps.interrupts, output.note)
  const { signal } = interrupted
  const canAsk = deps.stdin.isTTY === true && stderr.isTTY === true && !settings.noInput
  const askPerson = (isHidden: boolean) =>
    canAsk
      ? async (question: string, during: AbortSignal) => {
          const { ask } = await import('./ask.ts')
          const streams = { input: deps.stdin, output: stderr }
          return await ask(streams, question, { isHidden, signal: during })
        }
      : undefined
  const context = deps.openContext({
    settings,
    progress,
    warn: output.warning,
    askHidden: askPerson(true),
  })
  const confirmDeps = { isYes: settings.yes ?? false, ask: askPerson(false) }
  try {
    const exit = await run({
      version: deps.version,
      binFolder: deps.binFolder,
      settings,
      output,
      context,
      signal,
      confirm: (confirmation) => confirm(confirmDeps, confirmation, signal),
      runInside: (argv, environment) => runInside(deps, argv, environment),
    })
    output.finish()
    return exit ?? 0
  } catch (error) {
    // What fails because it was interrupted was interrupted.
    if (signal.aborted && error !== signal.reason) throw interruptedBy(signal, error)
    throw error
  }
}

async function runInside(
  deps: CliDeps,
  argv: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<InsideRun> {
  const kept = keepStreams()
  const environment = { ...deps.environment, ...more }
  const exit = await runCli({ ...deps, ...kept, environment }, argv)
  return { exit, stdout: kept.readStdout(), stderr: kept.readStderr() }
}

function interruptedBy(signal: AbortSignal, cause: unknown): unknown {
  if (!isAppError(signal.reason)) return cause
  return new AppError(signal.reason.code, signal.reason.message, {}, { cause })
}

/** `undefined` when help or the version was asked for and printed. */
function translateUsage(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error
  if (error.exitCode === 0) return undefined
  const found = error.message.replace(/^error: /, '').trim()
  const message = error.code === 'commander.help' ? 'wanted a command' : found.replaceAll('\n', ' ')
  return new AppError('cli.usage', `Cannot read the command line: ${message}`)
}

async function printFailure(
  { environment, stderr }: CliDeps,
  argv: readonly string[],
  error: unknown,
): Promise<number> {
  const { ERROR_TABLE } = await import('#app/error-table')
  const table: ErrorTable = { ...ERROR_TABLE, ...CLI_ERRORS }
  const report = reportError(error, table)
  if (report.code === 'cli.output-closed') return report.exit
  const { debug, noColor } = readQuietly(environment)
  const isDebug = debug ?? false
  // The command line may be what is wrong, so it is not asked.
  const isJson = argv.includes('--json')
  const isColoured = stderr.isTTY === true && !noColor && !argv.includes('--no-color')
  stderr.write(
    isJson
      ? formatErrorLine(report, isDebug)
      : formatErrorReport(report, { paint: createPaint(isColoured), isDebug }),
  )
  return report.exit
}

function readQuietly(environment: CliDeps['environment']): Partial<ProcessSettings> {
  try {
    return readProcessSettings(environment)
  } catch {
    // That the environment is wrong is what is being reported.
    return {}
  }
}
