import { AppError } from '#stdx/app-error'
import {
  ERRNO,
  isConnectionLost,
  readServerError,
  type ServerError,
  toCause,
  withoutValues,
} from './mysql-error.ts'

/**
 * Says what went wrong while writing, with names and the error's number but without values: messages
 * of the server quote them.
 *
 * @param what was tried, for "Cannot ...": `insert into "customer"`
 */
export function toWriteError(error: unknown, what: string): unknown {
  if (isConnectionLost(error)) {
    const message = `Cannot ${what}: the connection to the target was lost`
    return new AppError('connector.unreachable', message, {}, { cause: withoutValues(error) })
  }
  const server = readServerError(error)
  return server === undefined ? error : toServerError(server, what)
}

export function toServerError(server: ServerError, what: string): AppError {
  const { errno } = server
  const [code, found] = judge(server)
  const message = `Cannot ${what}: ${found} (error ${errno})`
  return new AppError(code, message, { errno }, { cause: toCause(server) })
}

/** For DDL, where the server's own words hold no values and say best what is missing. */
export function toCreateError(error: unknown, what: string): unknown {
  const server = readServerError(error)
  if (server === undefined || isConnectionLost(error)) return toWriteError(error, what)
  if (server.errno === 1005 && server.text.includes('errno: 121')) {
    const found =
      'a foreign key of one of their names is there, perhaps of a restore that still goes on'
    const message = `Cannot ${what}: ${found}`
    return new AppError('connector.busy', message, {}, { cause: toCause(server) })
  }
  if (BY_ERRNO.has(server.errno)) return toServerError(server, what)
  const { errno } = server
  const message = `Cannot ${what}: ${server.text}`
  return new AppError('connector.create-refused', message, { errno }, { cause: toCause(server) })
}

type Judgement = readonly [code: `connector.${string}`, found: string]

/** Of SIGNAL in a trigger: what it says may quote values. */
const SIGNALLED = 1644
const BY_TRIGGER: Judgement = ['connector.constraint-violated', 'a trigger refuses the rows']

const MISSING_RIGHT: Judgement = ['connector.denied', 'the right to do so is missing']
const LOCKED: Judgement = ['connector.busy', 'another session holds a lock']
const READ_ONLY: Judgement = ['connector.read-only', 'the target only allows reading']
const NO_ROOM: Judgement = ['connector.write-failed', 'the server has no room or a broken disk']
const NO_LOCAL: Judgement = [
  'connector.denied',
  'the server takes no rows from a client; run SET GLOBAL local_infile = 1 there',
]

const BY_ERRNO: ReadonlyMap<number, Judgement> = new Map([
  [ERRNO.recordChanged, ['connector.target-changed', 'somebody changed the same rows meanwhile']],
  [ERRNO.tableChanged, ['connector.target-changed', 'a table was altered meanwhile']],
  [ERRNO.noTable, ['connector.target-changed', 'a table is not there']],
  [1050, ['connector.target-changed', 'a table is there already']],
  [ERRNO.badField, ['connector.target-changed', 'a field is not there']],
  [ERRNO.deadlock, ['connector.busy', 'it waited for another session that waited for it']],
  [ERRNO.lockWait, LOCKED],
  [1099, LOCKED],
  [1206, LOCKED],
  [ERRNO.readOnlyOption, READ_ONLY],
  [ERRNO.readOnlyTransaction, READ_ONLY],
  [1836, READ_ONLY],
  [ERRNO.databaseDenied, MISSING_RIGHT],
  [ERRNO.tableDenied, MISSING_RIGHT],
  [ERRNO.columnDenied, MISSING_RIGHT],
  [1227, MISSING_RIGHT],
  [1370, MISSING_RIGHT],
  [1148, NO_LOCAL],
  [3948, NO_LOCAL],
  [4166, NO_LOCAL],
  [1021, NO_ROOM],
  [1026, NO_ROOM],
  [1030, NO_ROOM],
  [1114, NO_ROOM],
] satisfies [number, Judgement][])

/** Duplicates, nulls, checks and foreign keys. */
const VIOLATED = new Set([
  1022, 1048, 1062, 1169, 1216, 1217, 1263, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 3819, 4025,
])

function judge(server: ServerError): Judgement {
  const known = BY_ERRNO.get(server.errno)
  if (known !== undefined) return known
  if (server.errno === SIGNALLED) return BY_TRIGGER
  if (VIOLATED.has(server.errno)) {
    return ['connector.constraint-violated', `a constraint is violated${ofName(server.text)}`]
  }
  return ['connector.value-refused', `the target refuses a value${ofName(server.text)}`]
}

/** The constraint or field that a message names at its end: what stands before may be a value. */
function ofName(text: string): string {
  const [, key] = / for key '([^']*)'$/.exec(text) ?? []
  if (key !== undefined) return ` of the key "${key}"`
  const [, check] = /^(?:CONSTRAINT|Check constraint) [`']([^`']*)[`']/.exec(text) ?? []
  if (check !== undefined) return ` of the check "${check}"`
  const [, column] = / for column '?(?:`[^`]*`\.)*[`']?([^`']*)[`']? at row \d+$/.exec(text) ?? []
  if (column !== undefined) return ` of the field "${column}"`
  const [, nulled] = /^(?:Column|Field) '([^']*)' (?:cannot be null|doesn't have)/.exec(text) ?? []
  return nulled === undefined ? '' : ` of the field "${nulled}"`
}
