import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Threads } from './watch-threads.ts'

/**
 * Lets simulated time pass, one event at a time.
 *
 * Between two events everybody runs until nobody can go on: what they then ask for (a request, a
 * sleep) is taken up in the order of names, not in the order in which they happened to ask, because
 * only the latter depends on other threads. So a run depends on nothing but what its events do.
 */
export class Scheduler {
  /** Milliseconds since the beginning. */
  nowMs = 0
  /** Events so far. */
  steps = 0
  readonly #threads: Threads
  readonly #queue: Event[] = []
  #arrivals: Arrival[] = []
  #order = 0

  constructor(threads: Threads) {
    this.#threads = threads
  }

  /** From inside of events, or of `take` of an arrival. */
  in(delayMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run }
    const isLater = (other: Event) =>
      other.atMs > event.atMs || (other.atMs === event.atMs && other.order > event.order)
    // Events are few; most of them are soon.
    const at = this.#queue.findLastIndex((other) => !isLater(other)) + 1
    this.#queue.splice(at, 0, event)
  }

  /** From anywhere: `take` is called when nobody can go on. */
  arrive(name: string, take: () => void): void {
    this.#arrivals.push({ name, take })
  }

  /** Until nobody waits for anything, or `isOver`. `afterStep` sees every state; nobody runs meanwhile. */
  async run(isOver: () => boolean, afterStep: () => Promise<void>): Promise<void> {
    for (;;) {
      await this.#settle()
      await afterStep()
      const event = isOver() ? undefined : this.#queue.shift()
      if (event === undefined) return
      this.nowMs = event.atMs
      this.steps += 1
      event.run()
    }
  }

  async #settle(): Promise<void> {
    do {
      await this.#threads.idle()
      await nextTurn()
    } while (!this.#threads.isIdle())
    const arrivals = this.#arrivals.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    this.#arrivals = []
    for (const { take } of arrivals) take()
  }
}

type Event = { readonly atMs: number; readonly order: number; readonly run: () => void }
type Arrival = { readonly name: string; readonly take: () => void }
