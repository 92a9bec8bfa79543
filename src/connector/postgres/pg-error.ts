import * as z from 'zod'
import { AppError, isAppError } from '#stdx/app-error'

/**
 * What PostgreSQL said, without what it must not say: `detail`, `hint` and `where` quote the values
 * of rows, and some primary messages do. `text` is for errors of DDL and of connecting only.
 */
export type ServerError = {
  readonly sqlState: string
  readonly text: string
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
  readonly constraint: string | null
}

/** The facts of a server's error, or `undefined` for errors of sockets and for our own. */
export function readServerError(error: unknown): ServerError | undefined {
  if (!(error instanceof Error) || error instanceof AppError) return undefined
  const sqlState = readText(error, 'code')
  if (sqlState === null || !/^[0-9A-Z]{5}$/.test(sqlState)) return undefined
  if (readText(error, 'severity') === null) return undefined
  return {
    sqlState,
    text: error.message,
    schema: readText(error, 'schema'),
    table: readText(error, 'table'),
    column: readText(error, 'column'),
    constraint: readText(error, 'constraint'),
  }
}

/**
 * An error that may be kept as a cause: SQLSTATE and names, never values. Errors that do not come
 * from the server are returned as they are.
 */
export function withoutValues(error: unknown): unknown {
  const server = readServerError(error)
  return server === undefined ? error : toCause(server)
}

/** The same of an error that is already taken apart. */
export function toCause({ sqlState, table, column, constraint }: ServerError): Error {
  const names = [table, column, constraint].filter((name) => name !== null).join(', ')
  return new Error(`SQLSTATE ${sqlState}${names === '' ? '' : ` (${names})`}`)
}

/** Whether the connection, not the statement, failed. Bugs of ours are neither. */
export function isConnectionLost(error: unknown): boolean {
  const sqlState = readServerError(error)?.sqlState
  if (sqlState !== undefined) return sqlState.startsWith('08') || sqlState.startsWith('57P')
  if (isAppError(error, 'connector.unreachable')) return true
  if (!(error instanceof Error) || error instanceof AppError) return false
  const isOfSocket = /^E[A-Z_]+$/.test(readText(error, 'code') ?? '')
  return isOfSocket || LOST.test(error.message)
}

/** What the driver says of a connection that ended. */
const LOST = /^Connection terminated|^Client (?:was closed|has encountered|has already)/

/** A connection that was lost while nothing was being read or written, as a failure that can be told. */
export function toLostError(error: unknown, doing: string): unknown {
  if (error instanceof AppError || !isConnectionLost(error)) return error
  const message = `Cannot ${doing}: the connection to PostgreSQL was lost`
  return new AppError('connector.unreachable', message, {}, { cause: withoutValues(error) })
}

/** Tables, columns, and `internal_error`: "cache lookup failed", "could not open relation". */
const CHANGING = new Set(['42P01', '42703', 'XX000'])

/**
 * Whether a question about the catalogue failed because that was changed while it was asked: what
 * describes a definition looks at the catalogue of now, not at the snapshot's. Some of it fails, and some
 * answers NULL where there always is a text.
 */
export function isChanging(error: unknown): boolean {
  if (error instanceof z.ZodError) return true
  return CHANGING.has(readServerError(error)?.sqlState ?? '')
}

/** What is said of such a failure, which passes. */
export const WAS_CHANGED = 'a definition was changed while the catalogue was asked'

const REFUSED_USER = new Set(['28000', '28P01', '42501'])

/** @param where host and port, for the message */
export function toConnectError(error: unknown, where: string): unknown {
  if (error instanceof AppError) return error
  const server = readServerError(error)
  const found = server?.text ?? (error instanceof Error ? describe(error) : 'an unknown failure')
  if (server !== undefined && REFUSED_USER.has(server.sqlState)) {
    const message = `Cannot connect to PostgreSQL at ${where}: ${found}`
    return new AppError('connector.denied', message, { sqlState: server.sqlState })
  }
  const message = `Cannot reach PostgreSQL at ${where}: ${found}`
  return new AppError('connector.unreachable', message, {}, { cause: error })
}

function describe(error: Error): string {
  // A name with several addresses fails with one error for each and no message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => (each instanceof Error ? each.message : '')).join('; ')
  }
  return error.message
}

function readText(error: object, name: string): string | null {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' && value !== '' ? value : null
}
