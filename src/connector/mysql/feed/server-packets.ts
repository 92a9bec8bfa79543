import { AppError } from '#stdx/app-error'

const EOF_MARK = 0xfe

/**
 * What a packet says that is no event.
 *
 * ```
 * ERR = 0xff errno:u16le '#' state(5) text | EOF = 0xfe      MySQL, "Generic Response Packets"
 * ```
 */
export function toFeedError(name: string, payload: Buffer): AppError {
  const error = (code: Code, found: string) =>
    new AppError(code, `Cannot read the feed "${name}": ${found}`, { name })
  if (payload[0] === EOF_MARK) return error('connector.feed-broken', 'the server ended it')
  const errno = payload.readUInt16LE(1)
  const text = payload.toString('utf8', 9)
  if (errno === FATAL && isGone(text)) {
    return error('connector.feed-invalidated', 'the server has dropped the log behind the position')
  }
  if (DIVERGED.test(text)) {
    return error('connector.feed-diverged', 'the server went on from an earlier state')
  }
  if (UNKNOWN.test(text)) {
    return error('connector.feed-rewound', 'the server never had the transaction at the position')
  }
  if (errno === NO_RIGHT || errno === DENIED) {
    return error('connector.feed-not-ready', 'the user has no right REPLICATION SLAVE')
  }
  // Of its own log it speaks of nobody's data.
  return error('connector.feed-broken', `the server ended it with error ${errno}: ${text}`)
}

function isGone(text: string): boolean {
  return /purged|Could not find (?:first log|GTID state)/i.test(text)
}

const DIVERGED = /higher sequence numbers|has diverged|executing extra/i
const UNKNOWN = /which is not in the master's binlog|obtain.*GTID/i
const FATAL = 1236
const NO_RIGHT = 1227
const DENIED = 1045

type Code =
  | 'connector.feed-broken'
  | 'connector.feed-invalidated'
  | 'connector.feed-diverged'
  | 'connector.feed-rewound'
  | 'connector.feed-not-ready'
