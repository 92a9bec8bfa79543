import type { Command } from 'commander'
import { AppError, isAppError } from '#stdx/app-error'
import { parseDurationMs } from '#stdx/duration'
import { FollowBoard } from '../follow-board.ts'
import type { Act, Shell } from '../shell.ts'

type Options = {
  readonly for?: string
  readonly metricsFile?: string
  readonly drop?: boolean
  readonly confirm?: string
}

export function addFollow(program: Command, act: Act): void {
  program
    .command('follow')
    .argument('[NAME...]', 'sources; all that say `follow` in the configuration when left out')
    .option('--for <DURATION>', 'stop after that long, like 30m; else when interrupted')
    .option('--metrics-file <PATH>', 'keep a file there that Prometheus reads, every 5 s')
    .option('--drop', 'give up following for good: remove the feed from the source')
    .option('--confirm <NAME>', 'with --drop: the name of the source, to confirm')
    .description('Capture every transaction of sources as it is committed, until stopped.')
    .action(act(runFollow))
}

export function addReconcile(program: Command, act: Act): void {
  program
    .command('reconcile')
    .argument('<NAME>', 'a source that is followed, and by nobody at this moment')
    .description('Scan a followed source and compare it with what its feed told: proof, or repair.')
    .action(
      act(async (shell, name: string) => {
        await runFollowing(shell, [name], { isOneScan: true })
      }),
    )
}

async function runFollow(shell: Shell, names: string[], options: Options): Promise<undefined> {
  if (options.drop) return await runDrop(shell, names, options)
  const forMs = options.for === undefined ? undefined : parseDurationMs(options.for)
  if (options.for !== undefined && forMs === undefined) {
    throw usage(`found "${options.for}" for --for, wanted a number with s, m, h or d, like 30m`)
  }
  const { sources } = await shell.context.readConfig()
  const followed = Object.values(sources).flatMap(({ isFollowed, name }) =>
    isFollowed ? [name] : [],
  )
  const wanted = names.length > 0 ? [...new Set(names)] : followed
  if (wanted.length === 0) throw usage('no source of the configuration says follow: true')
  return await runFollowing(shell, wanted, { forMs, metricsFile: options.metricsFile })
}

/** The first failure is the exit status, after all have ended. */
async function runFollowing(
  { context, output, signal }: Shell,
  sources: readonly string[],
  options: {
    readonly forMs?: number | undefined
    readonly isOneScan?: boolean
    readonly metricsFile?: string | undefined
  },
): Promise<undefined> {
  const load = () => import('#app/follow-sources')
  output.beginLines()
  const vault = await context.openVault(signal, { meanwhile: load })
  const { followSources } = await load()
  const { MetricsKeeper } = await import('#app/keep-metrics')
  const board = new FollowBoard(context.clock, output)
  const { metricsFile, ...how } = options
  const keeper = await MetricsKeeper.begin(context, { path: metricsFile, sources })
  await using _keeper = keeper
  const failure = await followSources(
    context,
    vault,
    {
      sources,
      ...how,
      tell(source, event) {
        board.tell(source, event)
        keeper.metrics.take(source, event)
      },
      failed(source, error) {
        keeper.metrics.end(source)
        // The first ends the command, once the others have ended: it is said when it happens, too.
        if (signal.aborted || sources.length === 1 || !isAppError(error)) return
        output.warning({ code: error.code, message: `${source}: ${error.message}` })
      },
    },
    signal,
  )
  board.conclude(sources)
  if (failure !== undefined) throw failure
}

async function runDrop(shell: Shell, names: string[], options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const [name, more] = names
  if (name === undefined || more !== undefined) throw usage('wanted one source with --drop')
  const what = `The feed of "${name}" is removed from the source. What is committed there from now on is seen by backups only.`
  await shell.confirm({ what, name, given: options.confirm, isHarmless: false })
  const { dropFeed } = await import('#app/follow-sources')
  const { feed } = await dropFeed(context, name, signal)
  await output.answer({ source: name, feed }, () => `Removed the feed ${feed} of ${name}.\n`)
}

function usage(found: string): AppError {
  return new AppError('cli.usage', `Cannot read the command line: ${found}`)
}
