import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { replaceFile } from '#stdx/replace-file'
import type { Context } from './context.ts'
import { FollowMetrics } from './follow/follow-metrics.ts'

type KeepMetricsRequest = {
  readonly path: string
  readonly sources: readonly string[]
  readonly metrics: FollowMetrics
}

type KeepMetricsDeps = Pick<Context, 'clock' | 'openSource' | 'random' | 'warn'>

const WRITE_MS = 5000
/** How often each source is asked what it keeps: one connection for a moment. */
const HEALTH_MS = 30_000

/**
 * Keeps a file with how following gets on, for whoever collects such files: replaced as a whole every
 * few seconds, also when nothing happens, and once more at the end. That it is not replaced any more
 * says that nobody follows. Counts without a file, too.
 */
export class MetricsKeeper implements AsyncDisposable {
  readonly metrics: FollowMetrics
  readonly #ending = new AbortController()
  #keeping: Promise<void> | undefined

  /**
   * @throws app.metrics-unwritable when the first one cannot be written; later ones are missing with a
   *   warning
   */
  static async begin(
    deps: KeepMetricsDeps,
    { path, sources }: { readonly path: string | undefined; readonly sources: readonly string[] },
  ): Promise<MetricsKeeper> {
    const keeper = new MetricsKeeper(sources, deps.clock)
    if (path === undefined) return keeper
    const { metrics } = keeper
    const request = { path, sources, metrics }
    await write(deps, request)
    keeper.#keeping = keep(deps, request, keeper.#ending.signal)
    return keeper
  }

  private constructor(sources: readonly string[], clock: Clock) {
    this.metrics = new FollowMetrics(sources, clock)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#keeping
  }
}

async function keep(
  deps: KeepMetricsDeps,
  request: KeepMetricsRequest,
  stop: AbortSignal,
): Promise<void> {
  let isWarned = false
  const writeNext = async () => {
    try {
      await write(deps, request)
      isWarned = false
    } catch (error) {
      if (!isAppError(error)) throw error
      if (!isWarned) deps.warn({ code: error.code, message: error.message })
      isWarned = true
    }
  }
  const asking = request.sources.map((source) => keepHealth(deps, { request, source }, stop))
  while (!stop.aborted) {
    await writeNext()
    await deps.clock.sleep(WRITE_MS, stop).catch(() => {})
  }
  await Promise.all(asking)
  for (const source of request.sources) request.metrics.end(source)
  await writeNext()
}

/** Each on its own: one that does not answer holds back neither the file nor the others. */
async function keepHealth(
  deps: KeepMetricsDeps,
  { request, source }: { readonly request: KeepMetricsRequest; readonly source: string },
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await readHealth(deps, { metrics: request.metrics, name: source }, stop)
    await deps.clock.sleep(HEALTH_MS, stop).catch(() => {})
  }
}

async function readHealth(
  { openSource }: KeepMetricsDeps,
  { metrics, name }: { readonly metrics: FollowMetrics; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const { source, system } = await openSource(name, signal)
    await using _source = source
    const { feedName = '' } = system
    const after = metrics.positionOf(name)
    metrics.takeHealth(name, await source.feed?.readHealth(feedName, signal, after))
    const end = await source.feed?.readPosition(feedName, signal)
    const held = metrics.positionOf(name)
    // A source that commits nothing at all has no entry that says so.
    const isHeld = end && held !== undefined && source.feed?.isUpTo(end.position, held)
    if (end !== undefined && isHeld) metrics.takeQuiet(name, end.time)
  } catch {
    // What ails the source following says itself.
    metrics.takeHealth(name, undefined)
  }
}

/** Readable by all: whoever collects it is somebody else, and it holds nothing but counts. */
async function write(
  { random }: KeepMetricsDeps,
  { metrics, path }: KeepMetricsRequest,
): Promise<void> {
  try {
    await replaceFile(path, metrics.format(), random, 0o644)
  } catch (cause) {
    const found = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no'
    const message = `Cannot write metrics to "${path}": found ${found}, wanted a file of a folder that may be written`
    throw new AppError('app.metrics-unwritable', message, { path }, { cause })
  }
}
