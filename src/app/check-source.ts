import { entityFilter, idleGlobs } from '#config/entity-filter'
import type { FeedHealth, FeedReport } from '#connector/feed'
import type { SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { AppError, isAppError } from '#stdx/app-error'
import type { Context, OpenedSource } from './context.ts'

/** What a source is and what of it is backed up, as `source check --json` prints it. */
export type SourceAnswer = {
  readonly source: string
  readonly connector: string
  readonly identity: SourceIdentity
  readonly entities: readonly EntityAnswer[]
  /** About how many rows are covered; `null` where the system does not know without reading them. */
  readonly rowsAbout: number | null
  /** Globs of `include` that match no entity: probably misspelt. */
  readonly idle: readonly string[]
  /** Statements that would make every covered entity readable. */
  readonly grants: readonly string[]
  /** What following needs and does not find; `null` when the source is not to be followed. */
  readonly feed: FeedAnswer | null
  /** The row that proves the way to the vault; `null` where none is configured. */
  readonly canary: CanaryAnswer | null
  readonly verdict: 'ready' | 'unreadable' | 'empty' | 'unfollowable'
}

export type FeedAnswer = FeedReport & {
  readonly name: string
  /** Whether the source keeps its log for it, how much, and up to where the vault holds all. */
  readonly health: FeedHealth
}

export type CanaryAnswer = {
  /** What keeps it from coming through; `null`: nothing that can be seen without sending it. */
  readonly problem: string | null
  /** What makes it, for an administrator to run once. */
  readonly statements: readonly string[]
}

export type EntityAnswer = {
  readonly entity: string
  readonly isCovered: boolean
  readonly isReadable: boolean
  /** Field names in key order; empty when nothing identifies a record. */
  readonly key: readonly string[]
  readonly fields: number
  /** How it is read, where that was found out and not told; one sentence each. */
  readonly remarks: readonly string[]
}

/**
 * Connects to a source and says which of its entities are covered and whether all those can be read.
 * Reads the catalogue only, no row. Of a source with `follow` it also says what that needs.
 *
 * @throws config.name-unknown | config.variable-missing | connector.unreachable | connector.denied
 * @throws connector.feed-unsupported when it is to be followed and cannot be
 */
export async function checkSource(
  deps: Pick<Context, 'canaryStatements' | 'openCanary' | 'openSource'>,
  name: string,
  signal: AbortSignal,
): Promise<SourceAnswer> {
  const { source, system } = await deps.openSource(name, signal)
  await using _source = source
  await using cut = await source.openCut(signal)
  const { entities } = await cut.readCatalogue(() => true)
  const isCovered = entityFilter(system)
  const covered = entities.filter(({ entity }) => isCovered(entity))
  const grants = covered.flatMap(({ missingGrant }) => missingGrant ?? [])
  const names = entities.map(({ entity }) => entity)
  const feed = await checkFeed({ source, system }, isCovered, signal)
  return {
    source: name,
    connector: system.connector,
    identity: source.identity,
    entities: entities.map((entity) => describe(entity, isCovered(entity.entity))),
    rowsAbout: (await cut.estimateRows?.(isCovered)) ?? null,
    idle: idleGlobs(system.include, names),
    grants: [...new Set(grants)],
    feed,
    canary: await checkCanary(deps, { system, feed, entities }, signal),
    verdict: judge(grants.length, covered.length, feed),
  }
}

function judge(
  grantCount: number,
  coveredCount: number,
  feed: FeedAnswer | null,
): SourceAnswer['verdict'] {
  if (grantCount > 0) return 'unreadable'
  if (coveredCount === 0) return 'empty'
  return feed === null || feed.isReady ? 'ready' : 'unfollowable'
}

async function checkFeed(
  { source, system }: OpenedSource,
  isCovered: (entity: EntityName) => boolean,
  signal: AbortSignal,
): Promise<FeedAnswer | null> {
  const { feedName } = system
  if (feedName === undefined) return null
  if (source.feed === undefined) {
    const message = `Cannot follow "${system.name}": ${system.connector} has no change feed`
    throw new AppError('connector.feed-unsupported', message, { source: system.name })
  }
  const report = await source.feed.check({ name: feedName, isCovered }, signal)
  return { name: feedName, ...report, health: await source.feed.readHealth(feedName, signal) }
}

async function checkCanary(
  deps: Pick<Context, 'canaryStatements' | 'openCanary'>,
  {
    entities,
    feed,
    system,
  }: {
    readonly entities: readonly DescribedEntity[]
    readonly feed: FeedAnswer | null
    readonly system: OpenedSource['system']
  },
  signal: AbortSignal,
): Promise<CanaryAnswer | null> {
  const table = system.follow?.canary?.table
  const statements = await deps.canaryStatements(system.name)
  if (table === undefined || statements === null) return null
  const answer = (problem: string | null) => ({ problem, statements })
  if (!entities.some(({ entity }) => entity === table)) return answer(`${table} is not there`)
  if (!feed?.followed.some((entity) => entity === table)) return answer(`${table} is not followed`)
  try {
    await using _row = await deps.openCanary(system.name, signal)
    return answer(null)
  } catch (error) {
    if (!isAppError(error)) throw error
    return answer(error.message)
  }
}

function describe(described: DescribedEntity, isCovered: boolean): EntityAnswer {
  const { entity, fields, key, missingGrant, remarks } = described
  return {
    entity,
    isCovered,
    isReadable: missingGrant === null,
    key: key?.fields ?? [],
    fields: fields.length,
    remarks: remarks ?? [],
  }
}
