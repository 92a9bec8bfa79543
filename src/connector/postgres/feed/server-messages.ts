import { AppError } from '#stdx/app-error'

/** Frames of the connection. */
export const FRAME = {
  copyBoth: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  error: 0x45,
  commandComplete: 0x43,
} as const

/** Payloads of copy data while the log is read. */
export const PAYLOAD = { log: 0x77, keepalive: 0x6b } as const

/** `w` start:u64 end:u64 time:i64, then one message of the output plugin. */
export const LOG_HEADER_BYTES = 25

export type Keepalive = {
  /** Everything before it was sent. */
  readonly position: bigint
  /** Microseconds since 2000. */
  readonly time: number
  readonly wantsAnswer: boolean
}

/** `k` end:u64 time:i64 answer:u8 */
export function readKeepalive(buffer: Buffer, at: number): Keepalive {
  return {
    position: buffer.readBigUInt64BE(at + 1),
    time: Number(buffer.readBigInt64BE(at + 9)),
    wantsAnswer: buffer[at + 17] === 1,
  }
}

/**
 * Says up to where the log may go: `r` written:u64 flushed:u64 applied:u64 time:i64 answer:u8.
 * @param time as `toServerTime`
 */
export function formatStatus(position: bigint, time: bigint, wantsAnswer: boolean): Buffer {
  const status = Buffer.alloc(34)
  status[0] = 0x72
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(position, at)
  status.writeBigInt64BE(time, 25)
  status[33] = wantsAnswer ? 1 : 0
  return status
}

/** The SQLSTATE and the text of an error frame: fields of a letter and a text ended by 0x00. */
export function readErrorFrame(payload: Buffer): { sqlState: string; text: string } {
  const fields = new Map(
    payload
      .toString('utf8')
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  )
  return { sqlState: fields.get('C') ?? '', text: fields.get('M') ?? '' }
}

/** @throws nothing: returns what to throw when the server ended the feed called `name` */
export function toFeedError(
  name: string,
  { sqlState, text }: { sqlState: string; text: string },
): AppError {
  const error = (code: Parameters<typeof make>[0], found: string) => make(code, name, found)
  switch (sqlState) {
    case '55006':
      return error('connector.feed-busy', 'another process is reading it')
    case '42704':
      return error('connector.feed-missing', text)
    case '55000':
    case '58P01':
      return error('connector.feed-invalidated', text)
    case '42501':
      return error('connector.feed-not-ready', text)
    default: {
      const found = `the server ended it with SQLSTATE ${sqlState}`
      // Class XX: a failure of its own; of that it speaks without anybody's data.
      if (!sqlState.startsWith('XX')) return error('connector.feed-broken', found)
      return error('connector.feed-undecodable', `${found}: ${text}`)
    }
  }
}

function make(code: `connector.feed-${string}`, name: string, found: string): AppError {
  return new AppError(code, `Cannot read the feed "${name}": ${found}`, { name })
}
