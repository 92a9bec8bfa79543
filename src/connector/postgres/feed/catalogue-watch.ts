import { createHash } from 'node:crypto'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { FeedCatalogue, OpenFeedOptions } from '../../feed.ts'
import { examineFeed, type PostgresFeedDeps } from './examine-feed.ts'
import { HEADER_BYTES_MAX } from './judge-slot.ts'
import { parseLsn } from './lsn.ts'

const INTERVAL_MS = 60_000

type Observation = { readonly lsn: bigint; readonly message: FeedCatalogue }

/**
 * Looks at the catalogue from time to time for what the log tells nobody: tables that were made or
 * dropped, fields added to tables that nobody writes to. What was seen is told once the stream has
 * come to where the log ended when it was looked at: everything seen happened before.
 */
export class CatalogueWatch {
  readonly #deps: PostgresFeedDeps
  readonly #options: OpenFeedOptions
  #observation: Observation | undefined
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isLooking = false
  /** Raised by what makes an observation that was begun before it worthless. */
  #edition = 0
  #toldHash = ''

  constructor(deps: PostgresFeedDeps, options: OpenFeedOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** The stream told something newer than what may just be looked at. */
  outdate(): void {
    this.#edition += 1
    this.#observation = undefined
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
  }

  /** Looks when it is time. Returns whether there is something to tell. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#deps
    const intervalMs = this.#options.watchIntervalMs ?? INTERVAL_MS
    const nowMs = clock.nowMs()
    if (this.#isLooking || nowMs - this.#lookedAtMs < intervalMs) return false
    this.#isLooking = true
    this.#lookedAtMs = nowMs
    const edition = this.#edition
    try {
      const observation = await this.#observe(signal)
      if (edition !== this.#edition || hashOf(observation) === this.#toldHash) return false
      this.#observation = observation
      return true
    } finally {
      this.#isLooking = false
    }
  }

  /** What was seen, when the stream has come so far. */
  takeAt(position: bigint): FeedCatalogue | undefined {
    const observation = this.#observation
    if (observation === undefined || position + HEADER_BYTES_MAX < observation.lsn) return undefined
    this.#observation = undefined
    this.#toldHash = hashOf(observation)
    return observation.message
  }

  async #observe(signal: AbortSignal): Promise<Observation> {
    await using session = await this.#deps.connect(signal)
    await session.query('begin isolation level repeatable read read only', signal)
    const { catalogue, findings, followed } = await examineFeed(session, this.#options, signal)
    await session.query('commit', signal)
    const [[lsn] = []] = await session.query(
      'select pg_catalog.pg_current_wal_insert_lsn()',
      signal,
    )
    const message = { kind: 'catalogue', catalogue, followed: new Set(followed), findings } as const
    return { lsn: parseLsn(lsn ?? ''), message }
  }
}

/** Positions of sequences move all the time and are no change. */
function hashOf({ message: { catalogue, findings, followed } }: Observation): string {
  const { definition, entities, notRestored } = catalogue
  const said = { definition, entities, notRestored, followed: [...followed], findings }
  return createHash('sha256').update(formatCanonicalJson(said)).digest('base64')
}
