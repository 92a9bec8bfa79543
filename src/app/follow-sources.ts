import { Canary } from '#capture/canary'
import type { FollowDeps, FollowRequest } from '#capture/follow-deps'
import type { FollowEvent } from '#capture/follow-events'
import { followSource } from '#capture/follow-source'
import { entityFilter } from '#config/entity-filter'
import { parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Vault } from '#vault/vault'
import { concludeBackups, SCANS_MAX, SORT_BYTES_MAX } from './back-up-source.ts'
import type { Context } from './context.ts'
import { openBegunMark } from './follow/begun-mark.ts'
import { sayHeads } from './points/say-heads.ts'

export type { Comparison, FollowEvent } from '#capture/follow-events'

export type FollowSourcesDeps = Pick<
  Context,
  'clock' | 'openCanary' | 'openCapturePool' | 'openSource' | 'progress' | 'random' | 'readConfig'
>

export type FollowSourcesRequest = {
  readonly sources: readonly string[]
  /** Ends so long after a source's feed was first open; absent: when it is stopped. */
  readonly forMs?: number | undefined
  /** Only scans each source beside its feed, and ends. */
  readonly isOneScan?: boolean
  tell(source: string, event: FollowEvent): void
  /** A source is not followed any more; the others are. */
  failed(source: string, error: unknown): void
}

/** How often the vault itself repeats what its newest entries are. */
const HEADS_MS = 60_000

/**
 * Follows sources, each on its own, until they are to stop: what one of them needs does not hold back
 * the others. A source that was never backed up gets its timeline.
 *
 * @returns what the first one failed with, or `undefined` when all were stopped
 * @throws config.name-unknown | app.follow-off before anything is followed
 */
export async function followSources(
  deps: FollowSourcesDeps,
  vault: Vault,
  request: FollowSourcesRequest,
  stop: AbortSignal,
): Promise<unknown> {
  await refuseOff(deps, request.sources)
  const sayNow = headsSayer(deps.clock, vault)
  let hasCommitted = false
  const afterCommit = async () => {
    hasCommitted = true
    await sayNow()
  }
  let first: unknown
  await Promise.all(
    request.sources.map(async (source) => {
      try {
        await followOne(deps, vault, { ...request, source, afterCommit }, stop)
      } catch (error) {
        first ??= error
        request.failed(source, error)
      }
    }),
  )
  // Where nothing was committed there is nothing to repeat, and perhaps a reason not to write.
  if (hasCommitted) await concludeBackups(deps, vault, new AbortController().signal)
  return first
}

async function followOne(
  deps: FollowSourcesDeps,
  vault: Vault,
  request: FollowSourcesRequest & { readonly source: string; afterCommit(): Promise<void> },
  stop: AbortSignal,
): Promise<void> {
  const { source } = request
  if (!(await vault.listSources(stop)).includes(source)) await vault.addSource(source, stop)
  const ending = new AbortController()
  const both = AbortSignal.any([stop, ending.signal])
  let isTimed = false
  const tell = (event: FollowEvent) => {
    request.tell(source, event)
    if (event.kind !== 'opened' || request.forMs === undefined || isTimed) return
    isTimed = true
    deps.clock.sleep(request.forMs, stop).then(
      () => ending.abort(),
      () => {},
    )
  }
  const { followDeps, followRequest } = await prepareFollowing(deps, vault, { ...request, tell })
  const isOneScan = request.isOneScan ?? false
  const canary = isOneScan ? undefined : await canaryOf(deps, source, tell)
  const singing = canary?.run(both)
  try {
    const watched = canary?.attach(followDeps) ?? followDeps
    await followSource(watched, { ...followRequest, isOneScan }, both)
  } finally {
    ending.abort()
    await singing
  }
  if (request.isOneScan) stop.throwIfAborted()
}

async function canaryOf(
  deps: FollowSourcesDeps,
  source: string,
  tell: (event: FollowEvent) => void,
): Promise<Canary | undefined> {
  const { follow } = await readFollowed(deps, source)
  if (follow?.canary === undefined) return undefined
  const { everyMs, lateMs, table } = follow.canary
  const openRow = (signal: AbortSignal) => deps.openCanary(source, signal)
  const { clock, random } = deps
  const options = { table: parseEntityName(table), everyMs, lateMs }
  return new Canary({ clock, random, tell, openRow }, options)
}

/** What is told only when no scan is under way any more. */
const SCAN_ENDS: ReadonlySet<FollowEvent['kind']> = new Set([
  'began',
  'reconciled',
  'reconcile-failed',
  'waiting',
  'opened',
])

export type FollowingOptions = {
  readonly source: string
  tell(event: FollowEvent): void
  afterCommit(): Promise<void>
}

/** What following one source takes. @throws app.follow-off | config.name-unknown */
export async function prepareFollowing(
  deps: FollowSourcesDeps,
  vault: Vault,
  { afterCommit, source, tell }: FollowingOptions,
): Promise<{ readonly followDeps: FollowDeps; readonly followRequest: FollowRequest }> {
  const { feedName = '', follow, ...system } = await readFollowed(deps, source)
  const followDeps: FollowDeps = {
    vault,
    clock: deps.clock,
    random: deps.random,
    tempDir: (await deps.readConfig()).tempDir,
    openSource: async (signal) => (await deps.openSource(source, signal)).source,
    openCapturePool: (signal) => deps.openCapturePool(vault, source, signal),
    begun: await openBegunMark(deps, { vault, source, feed: feedName }),
    progress: (read) => deps.progress.add(read),
    afterCommit,
    tell(event) {
      if (event.kind === 'scanning') deps.progress.begin({ label: `Scanning ${source}` })
      if (SCAN_ENDS.has(event.kind)) deps.progress.end()
      tell(event)
    },
  }
  const followRequest: FollowRequest = {
    source,
    connector: system.connector,
    feed: feedName,
    isIncluded: entityFilter(system),
    scansMax: Math.min(SCANS_MAX, system.connectionsMax),
    sortBytesMax: SORT_BYTES_MAX,
    commitMs: follow?.commitMs ?? 1000,
    heartbeatMs: follow?.heartbeatMs ?? 300_000,
    reconcileMs: follow?.reconcileMs ?? null,
  }
  return { followDeps, followRequest }
}

async function refuseOff(
  deps: Pick<Context, 'readConfig'>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) await readFollowed(deps, name)
}

/** @throws app.follow-off | config.name-unknown */
async function readFollowed({ readConfig }: Pick<Context, 'readConfig'>, name: string) {
  const { sources } = await readConfig()
  const configured = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (configured === undefined) {
    const names = Object.keys(sources).join(', ') || 'none'
    const message = `Cannot find source "${name}": the configuration has ${names}`
    throw new AppError('config.name-unknown', message, { name })
  }
  const system = configured.read()
  if (system.follow !== undefined) return system
  throw followOff(name)
}

/** One for all sources: it reads every timeline's head. */
function headsSayer(clock: Clock, vault: Vault): () => Promise<void> {
  let saidMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (clock.passedMs() - saidMs < HEADS_MS) return
    saidMs = clock.passedMs()
    // What was committed counts without it.
    await sayHeads(vault, new AbortController().signal).catch(() => {})
  }
}

/**
 * Gives up following a source: it need keep nothing for us any more. What the vault holds stays, and
 * `backup` goes on.
 * @throws app.follow-off | connector.feed-unsupported | connector.feed-busy while somebody follows it
 */
export async function dropFeed(
  deps: Pick<Context, 'openSource'>,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly feed: string }> {
  const { source, system } = await deps.openSource(name, signal)
  await using _source = source
  const { feedName } = system
  if (feedName === undefined) throw followOff(name)
  if (source.feed === undefined) {
    const message = `Cannot give up following "${name}": ${system.connector} has no change feed`
    throw new AppError('connector.feed-unsupported', message, { name })
  }
  await source.feed.drop(feedName, signal)
  return { feed: feedName }
}

function followOff(name: string): AppError {
  const message = `Cannot follow "${name}": the configuration does not say follow: true`
  return new AppError('app.follow-off', message, { name })
}
