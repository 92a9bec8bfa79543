import { listOpenRestores } from '#timeline/open-restores'
import { parsePointAddress } from '#timeline/resolve-point'
import { mayHidePoint, type Point } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { restoresIfAny } from './restore/restores-if-any.ts'

/** One recovery point, as `points --json` prints it. */
export type PointAnswer = {
  /** Address: `erp@12`. */
  readonly point: string
  readonly source: string
  /** `feed`: what a feed told. `reconcile`: a scan that a feed goes on behind. */
  readonly kind: 'capture' | 'feed' | 'reconcile'
  /** When it was committed. */
  readonly time: string
  /** The moment of the source that it holds. */
  readonly cut: { readonly time: string; readonly position: string }
  readonly labels: readonly string[]
  readonly held: boolean
  readonly entities: number
  readonly bytesStored: number
  /** Only of what a feed told: how many there are, `erp@12.1` and so on. */
  readonly transactions?: number
  /** Only of what a feed told: from the earliest commit in the source until the entry was written. */
  readonly lagMs?: number
  /** Only where a feed could not tell all that happened. */
  readonly proven?: false
}

export type PointsAnswer = {
  /** Oldest first, source by source. */
  readonly points: readonly PointAnswer[]
  /** There are older ones, beyond the limit. */
  readonly hasMore: boolean
  /** Of each source that a feed tells: up to when the vault holds all. */
  readonly known: readonly { readonly source: string; readonly upTo: string }[]
  /** Restores of these sources that began, and of which nothing says how they ended. */
  readonly openRestores: readonly {
    readonly restore: string
    readonly point: string
    readonly target: string
  }[]
  /** What is wrong with a timeline, as sentences. */
  readonly incidents: readonly string[]
  /** Whether one of them may hide a point; else later entries got over them. */
  readonly isDamaged: boolean
}

/**
 * The recovery points of one source, or of all; of each the newest, where there is a limit.
 *
 * @throws vault.source-unknown | timeline.rolled-back | timeline.damaged
 */
export async function listPoints(
  vault: Vault,
  source: string | undefined,
  signal: AbortSignal,
  limit = Number.POSITIVE_INFINITY,
): Promise<PointsAnswer> {
  const sources = source === undefined ? await vault.listSources(signal) : [source]
  const points: PointAnswer[][] = []
  const incidents: string[][] = []
  const known: { source: string; upTo: string }[] = []
  let isDamaged = false
  let hasMore = false
  for (const name of sources) {
    const state = await vault.readTimeline(name, signal)
    const newest = [...state.points.backwards().take(limit)]
    hasMore ||= newest.length < state.points.length
    points.push(newest.reverse().map((point) => describe(name, point)))
    incidents.push(state.incidents.map(({ problem, seq }) => `${name}@${seq}: ${problem}`))
    isDamaged ||= mayHidePoint(state)
    const last = state.points.at(-1)
    if (last?.body.follow !== undefined) known.push({ source: name, upTo: last.cut.time })
  }
  const openRestores = listOpenRestores(await restoresIfAny(vault, signal))
    .map(({ body: { point, restore, target } }) => ({ restore, point, target }))
    .filter(({ point }) => sources.includes(parsePointAddress(point).source ?? ''))
  const found = { points: points.flat(), known, hasMore, openRestores }
  return { ...found, incidents: incidents.flat(), isDamaged }
}

function describe(source: string, point: Point): PointAnswer {
  const { body, entities, held, kind, labels, seq, time } = point
  return {
    point: `${source}@${seq}`,
    source,
    kind,
    time,
    cut: { time: body.cut.time, position: body.cut.position },
    labels,
    held,
    entities: entities.length,
    bytesStored: body.bytesStored,
    ...(kind === 'feed' && { transactions: body.follow?.transactions?.count ?? 0 }),
    ...lagOf(point),
    ...(point.unproven !== null && { proven: false as const }),
  }
}

function lagOf({ body, time }: Point): Pick<PointAnswer, 'lagMs'> {
  const { count = 0, earliest = '' } = body.follow?.transactions ?? {}
  // Clocks of two machines: what was written before it happened has no lag that one could tell.
  const lagMs = Math.max(0, Date.parse(time) - Date.parse(earliest))
  return count === 0 || Number.isNaN(lagMs) ? {} : { lagMs }
}
