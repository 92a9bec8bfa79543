import { createHash } from 'node:crypto'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Clock } from '#stdx/clock'
import type { FeedCatalogue } from '../feed.ts'

const INTERVAL_MS = 60_000

/** What the catalogue held, and where the log ended after that was looked at. */
export type Observation<Place> = { readonly place: Place; readonly message: FeedCatalogue }

export type CatalogueWatchDeps<Place> = {
  readonly clock: Clock
  readonly intervalMs: number | undefined
  readonly observe: (signal: AbortSignal) => Promise<Observation<Place>>
  /** Whether a stream that stands at `at` has told what lies up to `place`. */
  readonly hasCome: (at: Place, place: Place) => boolean
}

/**
 * Looks at the catalogue from time to time for what the log tells nobody: tables that were made or
 * dropped, fields added to tables that nobody writes to. What was seen is told once the stream has
 * come to where the log ended when it was looked at: everything seen happened before.
 */
export class CatalogueWatch<Place> {
  readonly #deps: CatalogueWatchDeps<Place>
  #observation: Observation<Place> | undefined
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isLooking = false
  /** Raised by what makes an observation that was begun before it worthless. */
  #edition = 0
  #toldHash = ''

  constructor(deps: CatalogueWatchDeps<Place>) {
    this.#deps = deps
  }

  /** The stream told something newer than what may just be looked at. */
  outdate(): void {
    this.#edition += 1
    this.#observation = undefined
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
  }

  /** Looks when it is time. Returns whether there is something to tell. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { clock, intervalMs = INTERVAL_MS, observe } = this.#deps
    const nowMs = clock.nowMs()
    if (this.#isLooking || nowMs - this.#lookedAtMs < intervalMs) return false
    this.#isLooking = true
    this.#lookedAtMs = nowMs
    const edition = this.#edition
    try {
      const observation = await observe(signal)
      if (edition !== this.#edition || hashOf(observation) === this.#toldHash) return false
      this.#observation = observation
      return true
    } finally {
      this.#isLooking = false
    }
  }

  /** What was seen, when the stream has come so far. */
  takeAt(at: Place): FeedCatalogue | undefined {
    const observation = this.#observation
    if (observation === undefined || !this.#deps.hasCome(at, observation.place)) return undefined
    this.#observation = undefined
    this.#toldHash = hashOf(observation)
    return observation.message
  }
}

/** Positions of sequences move all the time and are no change. */
function hashOf({ message: { catalogue, findings, followed } }: Observation<unknown>): string {
  const { definition, entities, notRestored } = catalogue
  const said = { definition, entities, notRestored, followed: [...followed], findings }
  return createHash('sha256').update(formatCanonicalJson(said)).digest('base64')
}
