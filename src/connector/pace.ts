import type { Clock } from '#stdx/clock'

/** A limit in bytes per second, shared by everything that spends from it. */
export type Pace = {
  /** Resolves when `bytes` more fit under the limit; rejects with the signal's reason. */
  spend(bytes: number, signal: AbortSignal): Promise<void>
}

/** @param bytesPerSecondMax 0 is no limit */
export function openPace(clock: Clock, bytesPerSecondMax: number): Pace {
  let paidUntilMs = 0
  return {
    async spend(bytes, signal) {
      if (bytesPerSecondMax === 0) return
      const nowMs = clock.nowMs()
      paidUntilMs = Math.max(paidUntilMs, nowMs) + (bytes * 1000) / bytesPerSecondMax
      await clock.sleep(paidUntilMs - nowMs, signal)
    },
  }
}
