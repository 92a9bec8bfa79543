import { setTimeout as sleepMs } from 'node:timers/promises'

/** The time of day and the passing of time, handed in so that tests need neither. */
export type Clock = {
  /** Milliseconds since 1970 in UTC. May jump, also back; never a proof of order. */
  nowMs(): number
  /** Whole milliseconds since some moment: what waits and what is due goes by these, which never jump. */
  passedMs(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  passedMs: () => Math.floor(performance.now()),
  async sleep(ms, signal) {
    signal.throwIfAborted()
    try {
      await sleepMs(ms, undefined, { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
}
