import type { DatedPoint, RetentionPolicy } from './dated-point.ts'
import { judgeClock } from './judge-clock.ts'

export type RetentionVerdict = {
  readonly kept: readonly KeptPoint[]
  /** Seqs of the points that no rule keeps, ascending. */
  readonly expired: readonly number[]
}

/** A point that stays and every rule that keeps it. */
export type KeptPoint = { readonly seq: number; readonly reasons: readonly string[] }

/**
 * Which points a policy lets go. Pure.
 *
 * A point goes only if the clock of those who captured and the clock of the store both let it go:
 * one that is wrong alone lets nothing go early. The newest point, points that are held and points
 * that bear a label always stay, and so do the newest `keepMin`. Within a day, week, month or year
 * (UTC) the last point stays.
 * @param points in order of the timeline
 */
export function judgeRetention(
  points: readonly DatedPoint[],
  policy: RetentionPolicy,
): RetentionVerdict {
  const byAuthor = judgeClock(
    points.map(({ timeMs }) => timeMs),
    policy,
  )
  const byStore = judgeClock(
    points.map(({ storedMs }) => storedMs),
    policy,
  )
  const kept: KeptPoint[] = []
  const expired: number[] = []
  points.forEach((point, index) => {
    const rank = points.length - index
    const always = alwaysKept(point, rank, policy.keepMin)
    const stored = byStore.get(index)?.map((reason) => `${reason}, by the store's clock`) ?? []
    const reasons = [...always, ...(byAuthor.get(index) ?? stored)]
    if (reasons.length === 0) expired.push(point.seq)
    else kept.push({ seq: point.seq, reasons })
  })
  return { kept, expired }
}

/** @param rank 1 for the newest point */
function alwaysKept({ isHeld, labels }: DatedPoint, rank: number, keepMin: number): string[] {
  const reasons = labels.map((label) => `label ${label}`)
  if (isHeld) reasons.unshift('held')
  if (rank === 1) reasons.unshift('newest')
  else if (rank <= keepMin) reasons.push(`keepMin ${rank} of ${keepMin}`)
  return reasons
}
