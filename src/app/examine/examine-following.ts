import type { Source } from '#connector/connector'
import type { SourceFeed } from '#connector/feed'
import { type Cut, isSameSystem } from '#record/cut'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import { attempt, type Finding } from './finding.ts'
import { judgeCanary, judgeFollowing } from './judge-following.ts'

/**
 * Looks at how a source is followed, or keeps its log for nobody: what the source says of the feed, and
 * up to when the vault holds all of it. Of a source that never was followed there is no finding.
 */
export async function examineFollowing(
  deps: Pick<Context, 'openSource'>,
  vault: Vault | undefined,
  name: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const [findings, problem] = await attempt(`following ${name}`, async () => {
    const state = await readState(vault, name, signal)
    const newest = state && newestFollowed(state)
    const { source, system } = await deps.openSource(name, signal)
    await using _source = source
    const feed = system.feedName ?? newest?.body.follow?.feed
    if (source.feed === undefined || feed === undefined) return []
    const facts = {
      source: name,
      feed,
      isWanted: system.feedName !== undefined,
      isBegun: newest !== undefined,
      health: await source.feed.readHealth(feed, signal, keptUpTo(source, newest)),
      known: newest === undefined ? null : await readKnown(source, { feed, newest }, signal),
      heartbeatMs: system.follow?.heartbeatMs ?? 0,
    }
    const canary = system.follow?.canary
    if (canary === undefined || state === undefined) return judgeFollowing(facts)
    const nowMs = Date.parse(facts.known?.now ?? '')
    const arrived = lastArrival(state, canary.table)
    return [...judgeFollowing(facts), judgeCanary({ ...canary, source: name, arrived, nowMs })]
  })
  return problem === undefined ? findings : [problem]
}

/** Positions of another system say nothing of this one. */
function keptUpTo({ identity }: Source, newest: Point | undefined): string | undefined {
  if (newest === undefined || !isSameSystem(newest.cut.identity, identity)) return undefined
  return newest.cut.position
}

async function readState(
  vault: Vault | undefined,
  name: string,
  signal: AbortSignal,
): Promise<TimelineState | undefined> {
  const isThere = vault !== undefined && (await vault.listSources(signal)).includes(name)
  return isThere ? await vault.readTimeline(name, signal) : undefined
}

/** Where the newest point is a backup that somebody made beside, the one before it tells. */
function newestFollowed({ points }: TimelineState): Point | undefined {
  return [points.at(-1), points.at(-2)].find((point) => point?.body.follow !== undefined)
}

/** So many points are looked at: of a canary that comes through, one of the newest has it. */
const POINTS_MAX = 1000

/** When the source committed the newest entry with a canary in it. */
function lastArrival({ points }: TimelineState, table: string): string | null {
  for (const { body } of points.backwards().take(POINTS_MAX)) {
    if (body.follow?.part !== 'transactions') continue
    const told = body.entities.find(({ entity }) => entity === table)
    if (told !== undefined && told.inserted + told.updated > 0) return body.cut.time
  }
  return null
}

/** Where the source has committed nothing since, all is known up to now. */
async function readKnown(
  { feed: asked, identity }: Source,
  { feed, newest }: { readonly feed: string; readonly newest: Point },
  signal: AbortSignal,
): Promise<{ readonly time: string; readonly now: string } | null> {
  if (asked === undefined) return null
  const { position, time } = await asked.readPosition(feed, signal)
  const isAll = isSameSystem(newest.cut.identity, identity) && isHeld(asked, position, newest.cut)
  return { time: isAll ? time : newest.cut.time, now: time }
}

function isHeld(feed: SourceFeed, end: string, { position }: Cut): boolean {
  return feed.isUpTo(end, position)
}
