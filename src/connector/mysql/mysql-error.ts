import { AppError } from '#stdx/app-error'

/**
 * What the server said, without what it must not say: messages quote the values of rows. `text` is
 * for errors of DDL and of connecting only.
 */
export type ServerError = {
  readonly errno: number
  readonly sqlState: string
  readonly text: string
}

/** Numbers of errors that mean something to us. */
export const ERRNO = {
  accessDenied: 1045,
  badDatabase: 1049,
  badField: 1054,
  duplicate: 1062,
  noTable: 1146,
  lockWait: 1205,
  deadlock: 1213,
  databaseDenied: 1044,
  tableDenied: 1142,
  columnDenied: 1143,
  readOnlyOption: 1290,
  readOnlyTransaction: 1792,
  interrupted: 1317,
  tableChanged: 1412,
  recordChanged: 1020,
} as const

/** The facts of a server's error, or `undefined` for errors of sockets and for our own. */
export function readServerError(error: unknown): ServerError | undefined {
  if (!(error instanceof Error) || error instanceof AppError) return undefined
  const errno: unknown = Reflect.get(error, 'errno')
  const sqlState: unknown = Reflect.get(error, 'sqlState')
  if (typeof errno !== 'number' || typeof sqlState !== 'string') return undefined
  return { errno, sqlState, text: error.message }
}

/** An error that may be kept as a cause. Errors that do not come from the server stay as they are. */
export function withoutValues(error: unknown): unknown {
  const server = readServerError(error)
  return server === undefined ? error : toCause(server)
}

export function toCause({ errno, sqlState }: ServerError): Error {
  return new Error(`Error ${errno}, SQLSTATE ${sqlState}`)
}

/** Whether the connection, not the statement, failed. Bugs of ours are neither. */
export function isConnectionLost(error: unknown): boolean {
  const server = readServerError(error)
  if (server !== undefined) return LOST_ERRNOS.has(server.errno) || server.sqlState.startsWith('08')
  if (!(error instanceof Error) || error instanceof AppError) return false
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code !== 'string') return /closed state/.test(error.message)
  return /^E[A-Z_]+$/.test(code) || code.startsWith('PROTOCOL_') || code.startsWith('ERR_')
}

/** Shutdown, killed, aborted and idle connections. */
const LOST_ERRNOS = new Set([
  1053, 1078, 1079, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 1928, 4031,
])

const REFUSED_USER = new Set<number>([
  ERRNO.accessDenied,
  ERRNO.databaseDenied,
  1130, // host not allowed
  1251, // authentication protocol
  1698, // access denied without password
  1820, // password expired
  1862,
  3118, // account locked
  4151,
])

/** @param where host and port, for the message */
export function toConnectError(error: unknown, where: string): unknown {
  if (error instanceof AppError) return error
  const server = readServerError(error)
  const found = server?.text ?? (error instanceof Error ? describe(error) : 'an unknown failure')
  if (server !== undefined && REFUSED_USER.has(server.errno)) {
    const message = `Cannot connect to the server at ${where}: ${found}`
    return new AppError('connector.denied', message, { errno: server.errno })
  }
  const message = `Cannot reach MariaDB or MySQL at ${where}: ${found}`
  return new AppError('connector.unreachable', message, {}, { cause: error })
}

function describe(error: Error): string {
  // A name with several addresses fails with one error for each and no message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => (each instanceof Error ? each.message : '')).join('; ')
  }
  return error.message
}
