import type { RetentionPolicy } from './dated-point.ts'
import { findTrustedTimes } from './trusted-times.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A longer time without a point may be a clock that jumped. */
export const PAUSE_MS = 8 * DAY_MS

/**
 * Which points a policy keeps by one clock, with the rules that keep each: by index, those that no
 * rule keeps are missing.
 *
 * Nothing is measured against "now": ages count back from the newest point. A time that is out of
 * order is not believed, and a jump ahead is not believed before it has lasted; such points stay and
 * count as none.
 * @param timesMs in order of the timeline, by that clock
 */
export function judgeClock(
  timesMs: readonly number[],
  policy: RetentionPolicy,
): ReadonlyMap<number, readonly string[]> {
  const kept = new Map<number, string[]>()
  const keep = (index: number, reason: string) => {
    kept.set(index, [...(kept.get(index) ?? []), reason])
  }
  const timeOf = (index: number) => timesMs[index] ?? Number.NaN
  const trusted = findTrustedTimes(timesMs)
  const isTrusted = new Set(trusted)
  timesMs.forEach((_, index) => {
    if (!isTrusted.has(index)) keep(index, 'its time is out of order')
  })
  const settledCount = countSettled(trusted.map(timeOf), policy)
  for (const index of trusted.slice(settledCount)) keep(index, 'the pause before it is not proven')
  const settled = trusted.slice(0, settledCount).reverse()
  const newestMs = timeOf(settled[0] ?? -1)
  for (const index of settled) {
    if (timeOf(index) > newestMs - policy.keepAllMs) keep(index, 'keepAll')
  }
  for (const { bucketOf, countMax, name } of rulesOf(policy)) {
    let count = 0
    let before: number | undefined
    for (const index of settled) {
      const bucket = bucketOf(timeOf(index))
      if (bucket === before) continue
      before = bucket
      count += 1
      if (count > countMax) break
      keep(index, `${name} ${count} of ${countMax}`)
    }
  }
  return kept
}

/**
 * How many times, from the oldest, come before the first jump that has not lasted: as long as all is
 * kept, and over as many points as are always kept.
 */
function countSettled(times: readonly number[], policy: RetentionPolicy): number {
  const newestMs = times.at(-1) ?? 0
  const lastsMs = Math.max(policy.keepAllMs, PAUSE_MS)
  const at = times.findIndex((timeMs, i) => {
    const isJump = i > 0 && timeMs - (times[i - 1] ?? 0) > PAUSE_MS
    return isJump && (newestMs - timeMs < lastsMs || times.length - i < policy.keepMin)
  })
  return at < 0 ? times.length : at
}

type Rule = {
  readonly name: string
  readonly countMax: number
  /** Rises with time; UTC. */
  readonly bucketOf: (timeMs: number) => number
}

function rulesOf({ daily, hourly, monthly, weekly, yearly }: RetentionPolicy): readonly Rule[] {
  const dayOf = (timeMs: number) => Math.floor(timeMs / DAY_MS)
  const yearOf = (timeMs: number) => new Date(timeMs).getUTCFullYear()
  return [
    { name: 'hourly', countMax: hourly, bucketOf: (ms) => Math.floor(ms / HOUR_MS) },
    { name: 'daily', countMax: daily, bucketOf: dayOf },
    // 1970 began on a Thursday, weeks begin on Mondays.
    { name: 'weekly', countMax: weekly, bucketOf: (ms) => Math.floor((dayOf(ms) + 3) / 7) },
    {
      name: 'monthly',
      countMax: monthly,
      bucketOf: (ms) => yearOf(ms) * 12 + new Date(ms).getUTCMonth(),
    },
    { name: 'yearly', countMax: yearly, bucketOf: yearOf },
  ]
}
