import { AppError } from '#stdx/app-error'
import {
  isConnectionLost,
  readServerError,
  type ServerError,
  toCause,
  withoutValues,
} from './pg-error.ts'

/**
 * Says what went wrong while writing, with names and SQLSTATE but without values: messages of
 * PostgreSQL quote them.
 *
 * @param what was tried, for "Cannot ...": `insert into "public.customer"`
 */
export function toWriteError(error: unknown, what: string): unknown {
  const server = readServerError(error)
  if (isConnectionLost(error)) {
    const message = `Cannot ${what}: the connection to the target was lost`
    return new AppError('connector.unreachable', message, {}, { cause: withoutValues(error) })
  }
  return server === undefined ? error : toServerError(server, what)
}

/** The same for an error of the server that is already taken apart. */
export function toServerError(server: ServerError, what: string): AppError {
  const { sqlState, table, column, constraint } = server
  const [code, found] = judge(server)
  const details = { sqlState, table, column, constraint }
  const message = `Cannot ${what}: ${found} (SQLSTATE ${sqlState})`
  return new AppError(code, message, details, { cause: toCause(server) })
}

/** For DDL, where the server's own words hold no values and say best what is missing. */
export function toCreateError(error: unknown, what: string): unknown {
  const server = readServerError(error)
  if (server === undefined || isConnectionLost(error)) return toWriteError(error, what)
  if (BY_STATE[server.sqlState] !== undefined || /^(?:22|23|53|58)/.test(server.sqlState)) {
    return toServerError(server, what)
  }
  const message = `Cannot ${what}: ${server.text}`
  const { sqlState } = server
  return new AppError('connector.create-refused', message, { sqlState }, { cause: toCause(server) })
}

type Judgement = readonly [code: `connector.${string}`, found: string]

/** Of RAISE EXCEPTION in a trigger: what it says may quote values. */
const RAISED = 'P0001'
const BY_TRIGGER: Judgement = ['connector.constraint-violated', 'a trigger refuses the rows']

const BY_STATE: Readonly<Record<string, Judgement>> = {
  '2200H': ['connector.numbers-exhausted', 'a sequence has no numbers left'],
  '25006': ['connector.read-only', 'the target only allows reading'],
  '40001': ['connector.target-changed', 'somebody changed the same rows meanwhile'],
  '40P01': ['connector.busy', 'it waited for another session that waited for it'],
  '42501': ['connector.denied', 'the right to do so is missing'],
  '42P01': ['connector.target-changed', 'a table is not there'],
  '42703': ['connector.target-changed', 'a field is not there'],
  '55P03': ['connector.busy', 'another session holds a lock'],
}

function judge(server: ServerError): Judgement {
  const known = BY_STATE[server.sqlState]
  if (known !== undefined) return known
  if (server.sqlState === RAISED) return BY_TRIGGER
  if (server.sqlState.startsWith('23')) return ['connector.constraint-violated', violated(server)]
  if (server.sqlState.startsWith('53') || server.sqlState.startsWith('58')) {
    return ['connector.write-failed', 'the server has no room or a broken disk']
  }
  return ['connector.value-refused', `the target refuses a value${ofColumn(server)}`]
}

function violated({ constraint, table, column }: ServerError): string {
  const of = table === null ? '' : ` of "${table}"`
  if (constraint !== null) return `the constraint "${constraint}"${of} is violated`
  return column === null ? `a constraint${of} is violated` : `the field "${column}"${of} is null`
}

function ofColumn({ column }: ServerError): string {
  return column === null ? '' : ` of the field "${column}"`
}
