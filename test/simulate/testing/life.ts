import type { Clock } from '#stdx/clock'
import type { Chance } from './chance.ts'
import type { Scheduler } from './scheduler.ts'
import type { Weather } from './weather.ts'

/** What a process finds where it runs. */
export type Surroundings = {
  readonly scheduler: Scheduler
  readonly weather: Weather
  readonly log: (line: string) => void
}

/** When every history begins, by a clock that is right. */
export const EPOCH_MS = Date.UTC(2026, 5, 30, 12)
const SECOND_MS = 1000
const DAY_MS = 86_400 * SECOND_MS

/**
 * One process: it runs until it has ended or died. Whoever is dead is told nothing more, which is
 * what kill -9 looks like from inside; whoever is paused (a suspended machine, SIGSTOP) is told
 * later, as if nothing had been.
 */
export class Life {
  readonly name: string
  readonly bornMs: number
  readonly #around: Surroundings
  readonly #chance: Chance
  readonly #onDeath: () => void
  #isDead = false
  #requestsLeft: number
  #pausedUntilMs = 0
  /** Told on death, to what is still on its way. */
  readonly #onTheWay = new Set<() => void>()
  /** Whether a read of this turn was cut short: then what it read may look damaged to it. */
  hasMetShortRead = false
  /** Whether a listing of this turn was of the past. */
  hasMetStaleList = false

  constructor(
    around: Surroundings,
    { chance, name, onDeath }: { chance: Chance; name: string; onDeath: () => void },
  ) {
    this.#around = around
    this.bornMs = around.scheduler.nowMs
    this.#chance = chance
    this.name = name
    this.#onDeath = onDeath
    const dies = chance.happens(around.weather.deaths)
    this.#requestsLeft = dies ? chance.spread(1, 400) : Number.POSITIVE_INFINITY
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Time of day as this process sees it, `skewMs` off. */
  clock(skewMs: number): Clock {
    const { scheduler } = this.#around
    return {
      nowMs: () => EPOCH_MS + Math.floor(scheduler.nowMs) + skewMs,
      passedMs: () => Math.floor(scheduler.nowMs),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal.throwIfAborted()
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          scheduler.arrive(`${this.name} sleep`, () =>
            scheduler.in(ms, () => this.deliver(resolve)),
          )
        }),
    }
  }

  /** Counts a request that is about to leave; it may be the last thing this process does. */
  spend(): void {
    this.#requestsLeft -= 1
    if (this.#requestsLeft < 0 && !this.#isDead && !this.#around.weather.isCalm) this.#die()
  }

  /** `onDeath` is called if this process dies before what it asked for has arrived. */
  sent(onDeath: () => void): { arrived(): void } {
    this.#onTheWay.add(onDeath)
    return { arrived: () => this.#onTheWay.delete(onDeath) }
  }

  /** Hands something to the process: now, when it goes on, or never. */
  deliver(hand: () => void): void {
    if (this.#isDead) return
    const { log, scheduler, weather } = this.#around
    if (this.#pausedUntilMs <= scheduler.nowMs && this.#chance.happens(weather.pauses)) {
      const pauseMs = this.#chance.spread(SECOND_MS, 5 * DAY_MS)
      this.#pausedUntilMs = scheduler.nowMs + pauseMs
      log(`${this.name} stands still for ${Math.round(pauseMs / SECOND_MS)} s`)
    }
    const waitMs = this.#pausedUntilMs - scheduler.nowMs
    if (waitMs <= 0) hand()
    else scheduler.in(waitMs, () => this.deliver(hand))
  }

  #die(): void {
    this.#isDead = true
    this.#around.log(`${this.name} dies`)
    for (const tell of this.#onTheWay) tell()
    this.#onTheWay.clear()
    this.#onDeath()
  }
}
