import type { Comparison, FollowEvent } from '#app/follow-sources'
import { isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { formatCount, formatDuration } from './format-amounts.ts'
import type { Output } from './output.ts'

/** A line about each source so often, while something is told of it. */
const LINE_MS = 5000

type Tally = {
  seq: number
  transactions: number
  changes: number
  bytesStored: number
  gaps: number
  repairs: number
  /** Longest since the last line. */
  lagMs: number | null
  saidMs: number
  /** As of the last line. */
  saidTransactions: number
  saidChanges: number
}

/** Says how following gets on: to people a line every few seconds, to programs everything. */
export class FollowBoard {
  readonly #clock: Clock
  readonly #output: Output
  readonly #tallies = new Map<string, Tally>()

  constructor(clock: Clock, output: Output) {
    this.#clock = clock
    this.#output = output
  }

  tell(source: string, event: FollowEvent): void {
    const tally = this.#tallyOf(source)
    switch (event.kind) {
      case 'scanning':
        this.#tellState(source, 'scanning')
        this.#note(source, `scanning, because ${event.why}`)
        break
      case 'began':
      case 'reconciled':
        this.#tellScan(source, event)
        break
      case 'opened':
        tally.seq = event.seq
        this.#tellState(source, 'following')
        this.#note(source, `following behind ${source}@${event.seq}`)
        break
      case 'committed':
        this.#tellCommit(source, event)
        break
      case 'idle':
        this.#tellProgress(source)
        break
      case 'gap':
        this.#tellGap(source, event)
        break
      case 'canary':
        this.#output.event({ type: 'canary', source, delayMs: event.delayMs } as { type: string })
        break
      case 'canary-late':
        this.#output.warning({
          code: 'capture.canary-late',
          message: `${source}: the canary of ${formatDuration(event.ageMs)} ago has not come through to the vault`,
        })
        break
      case 'canary-failed':
        this.#warn(source, event.error, 'the canary was not sent, and following goes on')
        break
      case 'reconcile-failed':
        this.#warn(source, event.error, `scan failed, again in ${inTime(event.nextMs)}`)
        break
      case 'waiting':
        this.#warn(source, event.error, `nothing is lost, again in ${inTime(event.delayMs)}`)
        break
    }
  }

  /** One more line for each, at the end. */
  conclude(sources: readonly string[]): void {
    for (const source of sources) {
      const tally = this.#tallies.get(source)
      if (tally === undefined || tally.seq < 0) continue
      const { bytesStored, changes, gaps, repairs, seq, transactions } = tally
      const point = `${source}@${seq}`
      const counts = { transactions, changes, gaps, repairs, bytesStored }
      this.#output.summary(
        { type: 'summary', source, point, ...counts } as { type: string },
        () => {
          const told = `${formatCount(transactions)} transactions, ${formatCount(changes)} changes`
          return `${point}  ${told}\n`
        },
      )
    }
  }

  #tellScan(
    source: string,
    event: Extract<FollowEvent, { kind: 'began' } | { kind: 'reconciled' }>,
  ): void {
    const { bytesStored, durationMs, entities, seq } = event.summary
    const tally = this.#tallyOf(source)
    tally.seq = seq
    tally.bytesStored += bytesStored
    const repairs = event.kind === 'reconciled' ? event.repairs.told : 0
    tally.repairs += repairs
    const point = `${source}@${seq}`
    const line = { type: 'scan', source, point, part: event.kind, repairs, bytesStored, durationMs }
    this.#output.event(line)
    const found = event.kind === 'began' ? '' : describeComparison(event)
    this.#note(source, `scanned ${formatCount(entities.length)} entities as ${point}${found}`)
    if (repairs === 0) return
    const message = `${source}: the feed had not told ${formatCount(repairs)} changes that the scan of ${point} found and put right`
    this.#output.warning({ code: 'capture.repaired', message })
  }

  #tellCommit(source: string, event: Extract<FollowEvent, { kind: 'committed' }>): void {
    const tally = this.#tallyOf(source)
    const { kind: _, seq, ...facts } = event
    tally.seq = seq
    tally.transactions += event.transactions
    tally.changes += event.changes
    tally.bytesStored += event.bytesStored
    if (event.lagMs !== null) tally.lagMs = Math.max(tally.lagMs ?? 0, event.lagMs)
    const line = { type: 'commit', source, point: `${source}@${seq}`, ...facts }
    this.#output.event(line)
    this.#tellProgress(source)
  }

  /** At once, so that a program need not wait for the next line. */
  #tellState(source: string, state: 'following' | 'scanning'): void {
    const { seq } = this.#tallyOf(source)
    const point = seq < 0 ? null : `${source}@${seq}`
    const line = { type: 'progress', source, state, point }
    this.#output.event(line)
  }

  #tellProgress(source: string): void {
    const tally = this.#tallyOf(source)
    const nowMs = this.#clock.passedMs()
    const elapsedMs = nowMs - tally.saidMs
    if (elapsedMs < LINE_MS) return
    const transactions = tally.transactions - tally.saidTransactions
    const changes = tally.changes - tally.saidChanges
    const changesPerSecond = Math.round((changes * 1000) / elapsedMs)
    const { lagMs, seq } = tally
    const point = seq < 0 ? null : `${source}@${seq}`
    const rates = { transactions, changesPerSecond, lagMs }
    const line = { type: 'progress', source, state: 'following', point, ...rates }
    this.#output.event(line)
    if (transactions > 0) {
      const lag = lagMs === null ? '' : `, ${formatDuration(Math.max(0, lagMs))} behind`
      const told = `${formatCount(transactions)} transactions, ${formatCount(changesPerSecond)} changes/s`
      this.#note(source, `${point}  ${told}${lag}`)
    }
    tally.saidMs = nowMs
    tally.saidTransactions = tally.transactions
    tally.saidChanges = tally.changes
    tally.lagMs = null
  }

  #tellGap(source: string, event: Extract<FollowEvent, { kind: 'gap' }>): void {
    this.#tallyOf(source).gaps += 1
    const { entities, found, reason, remedy, seq } = event
    const which = entities === null ? 'everything' : entities.join(', ')
    const remedies = remedy.map((statement) => `\n  ${statement}`).join('')
    const message = `${source}@${seq}: from here to the next scan ${which} is unproven: ${found}${remedies}`
    this.#output.warning({ code: reason, message })
  }

  #warn(source: string, error: unknown, what: string): void {
    const code = isAppError(error) ? error.code : 'capture.follow-failed'
    const found = error instanceof Error ? error.message : String(error)
    this.#output.warning({ code, message: `${source}: ${what}: ${found}` })
  }

  #note(source: string, text: string): void {
    this.#output.note(text.startsWith(`${source}@`) ? text : `${source}: ${text}`)
  }

  #tallyOf(source: string): Tally {
    const known = this.#tallies.get(source)
    if (known !== undefined) return known
    const none = { transactions: 0, changes: 0, bytesStored: 0, gaps: 0, repairs: 0, lagMs: null }
    const said = { saidMs: this.#clock.passedMs(), saidTransactions: 0, saidChanges: 0 }
    const tally = { seq: -1, ...none, ...said }
    this.#tallies.set(source, tally)
    return tally
  }
}

/** What was unproven before, or seen by scans only, was compared with nothing. */
export function describeComparison({
  compared,
  repairs,
  summary,
}: Comparison & { readonly summary: { readonly entities: readonly unknown[] } }): string {
  const others = summary.entities.length - compared
  const rest = others === 0 ? '' : `; the other ${formatCount(others)} it had not told whole`
  if (compared === 0) return others === 0 ? '' : ', none of which the feed had told whole'
  const found = repairs.told === 0 ? 'alike' : `${formatCount(repairs.told)} changes put right`
  return `, ${formatCount(compared)} of them compared with what the feed had told: ${found}${rest}`
}

function inTime(delayMs: number): string {
  return formatDuration(delayMs)
}
