import { AppError } from '#stdx/app-error'
import { damageError } from './damage-error.ts'
import { parseTimeNs, TIME } from './time-ns.ts'
import type { Point, TimelineState } from './timeline-state.ts'

/** A moment of a source, as people write it. */
export type PointAddress = {
  /** `null`: every source, for a time, a label or now. */
  readonly source: string | null
  /** As it was written, for messages. */
  readonly text: string
} & (
  | { readonly kind: 'seq'; readonly seq: number; readonly transaction: number | null }
  | { readonly kind: 'latest' }
  /** Nanoseconds since 1970 in UTC: sources tell microseconds. */
  | { readonly kind: 'time'; readonly timeNs: bigint }
  | { readonly kind: 'label'; readonly label: string }
  /** The system itself, now. */
  | { readonly kind: 'live' }
)

type At = PointAddress extends infer A
  ? A extends unknown
    ? Omit<A, 'source' | 'text'>
    : never
  : never

const NAME = /^[a-z][a-z0-9-]{0,62}$/
const SEQ = /^(0|[1-9][0-9]{0,9})(?:\.(0|[1-9][0-9]{0,9}))?$/
/**
 * Reads `erp@12`, `erp@12.5`, `erp@latest`, `erp@2026-06-30T12:00:00Z`, `erp@fy26-close`, `erp@live`,
 * and `@TIME`, `@LABEL` or `@live` for every source.
 * @throws timeline.address-invalid saying what is wanted
 */
export function parsePointAddress(text: string): PointAddress {
  const at = text.indexOf('@')
  if (at < 0)
    throw invalid(text, `need SOURCE@POINT, such as ${NAME.test(text) ? text : 'erp'}@latest`)
  const name = text.slice(0, at)
  if (name !== '' && !NAME.test(name)) throw invalid(text, `"${name}" is no name of a source`)
  const moment = parseMoment(text, text.slice(at + 1))
  const isForAll = ['label', 'live', 'time'].includes(moment.kind)
  if (name === '' && !isForAll)
    throw invalid(text, 'only a time, a label or live may stand for every source')
  return { source: name === '' ? null : name, text, ...moment }
}

function parseMoment(text: string, moment: string): At {
  if (moment === 'latest' || moment === 'live') return { kind: moment }
  const [, seq, transaction] = SEQ.exec(moment) ?? []
  if (seq !== undefined) {
    return { kind: 'seq', seq: Number(seq), transaction: transaction ? Number(transaction) : null }
  }
  if (/^\d{4}-/.test(moment)) return { kind: 'time', timeNs: parseTime(text, moment) }
  if (NAME.test(moment)) return { kind: 'label', label: moment }
  throw invalid(text, 'need a number, latest, live, a time or a label after the @')
}

function parseTime(text: string, moment: string): bigint {
  const [whole, , , , zone] = TIME.exec(moment) ?? []
  if (whole !== undefined && zone === undefined) {
    throw invalid(text, `the time has no zone, need ${moment}Z or ${moment}+02:00`)
  }
  const timeNs = whole === undefined ? undefined : parseTimeNs(moment)
  if (timeNs !== undefined) return timeNs
  throw invalid(text, 'need a time such as 2026-06-30T12:00:00Z')
}

/**
 * The recovery point that an address means, or that it lies in: `locatePoint` goes on from there.
 *
 * A time means the last point, in the order of commits, whose cut, or one of whose transactions, is at
 * or before it: clocks of sources jump, the order of commits does not.
 * @throws timeline.point-unknown naming the neighbours, when there is none
 * @throws timeline.damaged | timeline.format-unsupported when the answer would rest on entries that
 *   cannot be relied on
 */
export function resolvePoint(state: TimelineState, address: PointAddress): Point {
  switch (address.kind) {
    case 'seq':
      return resolveSeq(state, address)
    case 'latest':
      return resolveLatest(state, address.text)
    case 'time':
      return resolveTime(state, address)
    case 'label':
      return resolveLabel(state, address)
    case 'live':
      throw unknown(state, address.text, 'that is the system itself, need a point of the vault')
  }
}

function resolveSeq(
  state: TimelineState,
  { seq, text, transaction }: { seq: number; text: string; transaction: number | null },
): Point {
  refuseDamaged(state, text, seq)
  const point = state.points.bySeq(seq)
  if (point === undefined) throw unknown(state, text, describeSeq(state, seq))
  if (transaction === null) return point
  const { follow } = point.body
  // A snapshot or a scan is one transaction.
  const count = follow?.part === 'transactions' ? (follow.transactions?.count ?? 0) : 1
  if (transaction >= 1 && transaction <= count) return point
  throw unknown(state, text, describeTransactions(point.seq, count))
}

function describeTransactions(seq: number, count: number): string {
  if (count === 0) return `point ${seq} has no transactions, need ${seq}`
  if (count === 1) return `point ${seq} is one transaction, need ${seq} or ${seq}.1`
  return `point ${seq} has ${count} transactions, need ${seq}, or ${seq}.1 to ${seq}.${count}`
}

function resolveLabel(
  state: TimelineState,
  { label, text }: { readonly label: string; readonly text: string },
): Point {
  const point = state.points.byLabel(label)
  if (point !== undefined) return point
  refuseDamaged(state, text)
  throw unknown(state, text, `no point is labelled "${label}"`)
}

function describeSeq(state: TimelineState, seq: number): string {
  const before = state.points.before(seq)
  const after = state.points.after(seq)
  const near = [before, after].flatMap((point) => (point ? [`${state.source}@${point.seq}`] : []))
  const neighbours =
    near.length === 0 ? 'there is no point yet' : `its neighbours are ${near.join(' and ')}`
  if (seq === 0) return `entry 0 is the genesis and no point, ${neighbours}`
  return `${describeEntry(state, seq)}, ${neighbours}`
}

function describeEntry({ expired, headSeq }: TimelineState, seq: number): string {
  if (seq > headSeq) return `the newest entry is ${headSeq}`
  const by = expired.get(seq)
  return by === undefined ? `entry ${seq} is no point` : `point ${seq} was expired by entry ${by}`
}

function resolveLatest(state: TimelineState, text: string): Point {
  refuseDamaged(state, text)
  const point = state.points.at(-1)
  if (point === undefined) throw unknown(state, text, 'nothing was captured yet')
  return point
}

function resolveTime(
  state: TimelineState,
  { text, timeNs }: { readonly text: string; readonly timeNs: bigint },
): Point {
  refuseDamaged(state, text)
  const point = state.points.lastAt(timeNs)
  if (point !== undefined) return point
  const first = state.points.at(0)
  if (first === undefined) throw unknown(state, text, 'nothing was captured yet')
  throw unknown(
    state,
    text,
    `the first point is ${state.source}@${first.seq} at ${first.body.cut.time}`,
  )
}

/** @param seq what is asked for; absent: whatever is newest */
function refuseDamaged(state: TimelineState, text: string, seq?: number): void {
  const { damagedFrom, source, incidents } = state
  if (damagedFrom === null || (seq !== undefined && seq < damagedFrom)) return
  const problem = incidents.find((one) => one.seq === damagedFrom)?.problem ?? 'An entry is damaged'
  const message = `Cannot tell what ${text} is: ${lowerFirst(problem)}; points of "${source}" before ${damagedFrom} can be named by number`
  throw damageError(state, message)
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}

function unknown({ source }: TimelineState, text: string, found: string): AppError {
  return new AppError('timeline.point-unknown', `Cannot find point ${text}: ${found}`, {
    source,
    text,
  })
}

function invalid(text: string, problem: string): AppError {
  return new AppError('timeline.address-invalid', `Cannot read point "${text}": ${problem}`, {
    text,
  })
}
