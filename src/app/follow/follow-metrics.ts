import type { FollowEvent } from '#capture/follow-events'
import type { FeedHealth } from '#connector/feed'
import { assert } from '#stdx/assert'
import type { Clock } from '#stdx/clock'

/** How following gets on, as a page that Prometheus reads (text format 0.0.4). */

type Kind = 'gauge' | 'counter'
type Metric = { readonly name: string; readonly kind: Kind; readonly help: string }

const gauge = (name: string, help: string): Metric => ({ name, kind: 'gauge', help })
const counter = (name: string, help: string): Metric => ({ name, kind: 'counter', help })

const METRICS = {
  up: gauge('holdfast_follow_up', 'Whether the feed is open: 1, or 0 while it is waited for.'),
  lagSeconds: gauge(
    'holdfast_follow_lag_seconds',
    'From the earliest commit in the source until its entry was durable, of the newest entry.',
  ),
  knownSeconds: gauge(
    'holdfast_follow_known_timestamp_seconds',
    'Time of the source up to which the vault holds all, in seconds since 1970.',
  ),
  transactions: counter('holdfast_follow_transactions_total', 'Transactions committed.'),
  changes: counter('holdfast_follow_changes_total', 'Rows inserted, updated and deleted.'),
  commits: counter('holdfast_follow_commits_total', 'Entries committed, scans not among them.'),
  storedBytes: counter('holdfast_follow_stored_bytes_total', 'Bytes written to the vault.'),
  scans: counter('holdfast_follow_scans_total', 'Scans committed.'),
  reconnects: counter(
    'holdfast_follow_reconnects_total',
    'Failures after which the feed is opened again.',
  ),
  gaps: counter('holdfast_follow_gaps_total', 'Gaps recorded.'),
  repairs: counter(
    'holdfast_follow_repairs_total',
    'Changes that the feed had not told, found and put right by a scan.',
  ),
  retainedBytes: gauge(
    'holdfast_source_retained_log_bytes',
    'Log that the source keeps for the feed.',
  ),
  retainedBytesMax: gauge(
    'holdfast_source_retained_log_max_bytes',
    'Bound on the log that the source keeps; absent without a bound.',
  ),
  leftBytes: gauge(
    'holdfast_source_log_left_bytes',
    'Log that may still be written before the source gives the feed up; absent without a bound.',
  ),
  isGivenUp: gauge('holdfast_source_feed_lost', 'Whether the source gave the feed up, or lost it.'),
  canaryDelaySeconds: gauge(
    'holdfast_canary_delay_seconds',
    'From the update of the canary until it was durable in the vault, of the newest one.',
  ),
  canaryLate: gauge(
    'holdfast_canary_late',
    'Whether a canary has not come through in time, or could not be sent.',
  ),
  canaries: counter('holdfast_canary_arrivals_total', 'Canaries that came through.'),
} as const satisfies Record<string, Metric>

type MetricKey = keyof typeof METRICS
type Values = Map<MetricKey, number>

/** Known from the start, so that what never happened reads 0. */
const FROM_ZERO: readonly MetricKey[] = [
  'up',
  'transactions',
  'changes',
  'commits',
  'storedBytes',
  'scans',
  'reconnects',
  'gaps',
  'repairs',
]

/** Counts what followers tell. Holds one number a metric and source. */
export class FollowMetrics {
  readonly #sources: ReadonlyMap<string, Values>
  readonly #positions = new Map<string, string>()
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(sources: readonly string[], clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
    const zero = () => new Map(FROM_ZERO.map((key) => [key, 0] as const))
    this.#sources = new Map(sources.map((source) => [source, zero()]))
  }

  take(source: string, event: FollowEvent): void {
    const values = this.#valuesOf(source)
    switch (event.kind) {
      case 'opened':
        values.set('up', 1)
        // It is there: what was known before it began, or began anew, holds no more.
        if (values.has('isGivenUp')) values.set('isGivenUp', 0)
        this.#setKnown(values, event.time)
        this.#positions.set(source, event.position)
        break
      case 'waiting':
        values.set('up', 0)
        add(values, 'reconnects', 1)
        break
      case 'committed':
        takeCommit(values, event)
        this.#setKnown(values, event.time)
        this.#positions.set(source, event.position)
        break
      case 'began':
      case 'reconciled':
        add(values, 'scans', 1)
        add(values, 'storedBytes', event.summary.bytesStored)
        if (event.kind === 'reconciled') add(values, 'repairs', event.repairs.told)
        this.#setKnown(values, event.summary.cut.time)
        this.#positions.set(source, event.summary.cut.position)
        break
      case 'gap':
        add(values, 'gaps', 1)
        break
      case 'canary':
        values.set('canaryDelaySeconds', event.delayMs / 1000)
        values.set('canaryLate', 0)
        add(values, 'canaries', 1)
        break
      case 'canary-late':
      case 'canary-failed':
        values.set('canaryLate', 1)
        break
      case 'scanning':
      case 'idle':
      case 'reconcile-failed':
        break
    }
  }

  /** Up to where the vault holds all; `undefined` before anything was committed. */
  positionOf(source: string): string | undefined {
    return this.#positions.get(source)
  }

  /** The source had committed nothing since that position, at this time of its clock. */
  takeQuiet(source: string, time: string): void {
    this.#setKnown(this.#valuesOf(source), time)
  }

  /** @param health `undefined`: it could not be had, and what it was is not shown any more */
  takeHealth(source: string, health: FeedHealth | undefined): void {
    const values = this.#valuesOf(source)
    // One that has not begun yet is not lost.
    const hasBegun = this.#positions.has(source)
    const isLost = health?.state === 'given-up' || (health?.state === 'missing' && hasBegun)
    set(values, 'retainedBytes', health?.retainedBytes)
    set(values, 'retainedBytesMax', health?.retainedBytesMax)
    set(values, 'leftBytes', health?.leftBytes)
    set(values, 'isGivenUp', health && Number(isLost))
  }

  /** Nobody follows the source any more. */
  end(source: string): void {
    this.#valuesOf(source).set('up', 0)
  }

  format(): string {
    const keys = Object.keys(METRICS) as MetricKey[]
    return keys.map((key) => this.#formatMetric(key)).join('')
  }

  #formatMetric(key: MetricKey): string {
    const { help, kind, name } = METRICS[key]
    const samples = [...this.#sources].flatMap(([source, values]) => {
      const value = values.get(key)
      return value === undefined ? [] : [`${name}{source="${source}"} ${value}\n`]
    })
    if (samples.length === 0) return ''
    return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${samples.join('')}`
  }

  /**
   * Times of transactions go back a little at times; what is known does not. Nor is it ahead of now: a
   * transaction that its source dates in the future would hide that nothing comes any more.
   */
  #setKnown(values: Values, time: string): void {
    const known = Math.min(Date.parse(time), this.#clock.nowMs()) / 1000
    if (Number.isNaN(known)) return
    values.set('knownSeconds', Math.max(known, values.get('knownSeconds') ?? 0))
  }

  #valuesOf(source: string): Values {
    const values = this.#sources.get(source)
    assert(values !== undefined, 'Metrics are of the sources that are followed.')
    return values
  }
}

function takeCommit(values: Values, event: Extract<FollowEvent, { kind: 'committed' }>): void {
  add(values, 'commits', 1)
  add(values, 'transactions', event.transactions)
  add(values, 'changes', event.changes)
  add(values, 'storedBytes', event.bytesStored)
  // Clocks of two machines: what was written before it happened has no lag that one could tell.
  if (event.lagMs !== null) values.set('lagSeconds', Math.max(0, event.lagMs) / 1000)
}

function add(values: Values, key: MetricKey, count: number): void {
  values.set(key, (values.get(key) ?? 0) + count)
}

function set(values: Values, key: MetricKey, value: number | null | undefined): void {
  if (value === null || value === undefined) values.delete(key)
  else values.set(key, value)
}
