import { AppError } from '#stdx/app-error'

/** A byte of the server's log, and the timeline it was read on: `0/16B3748@1`. */
export type LogPosition = { readonly lsn: bigint; readonly timeline: number }

const FORM = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})(?:@([1-9][0-9]{0,9}))?$/

/** @throws connector.feed-unreadable when it is no position of a feed */
export function parsePosition(text: string): LogPosition {
  const [, high, low, timeline] = FORM.exec(text) ?? []
  if (high === undefined || low === undefined || timeline === undefined) {
    const message = `Cannot use "${text}" as a position of a feed: need one like 0/16B3748@1`
    throw new AppError('connector.feed-unreadable', message, { text })
  }
  return { lsn: toLsn(Number.parseInt(high, 16), Number.parseInt(low, 16)), timeline: +timeline }
}

export function formatPosition({ lsn, timeline }: LogPosition): string {
  return `${formatLsn(lsn)}@${timeline}`
}

/** As the server prints it. */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return toLsn(Number.parseInt(high, 16), Number.parseInt(low, 16))
}

export function formatLsn(lsn: bigint): string {
  const high = (lsn >> 32n).toString(16).toUpperCase()
  return `${high}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}

/** Milliseconds between 1970 and 2000, from where the server counts microseconds. */
const EPOCH_MS = 946_684_800_000

/** @param microseconds since 2000, below 2^53 for the next 285 years */
export function formatTime(microseconds: number): string {
  const wholeMs = Math.floor(microseconds / 1000)
  const rest = String(microseconds - wholeMs * 1000).padStart(3, '0')
  return new Date(EPOCH_MS + wholeMs).toISOString().replace('Z', `${rest}Z`)
}

/** The opposite, for answers to the server. */
export function toServerTime(nowMs: number): bigint {
  return BigInt(Math.round((nowMs - EPOCH_MS) * 1000))
}

function toLsn(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}
