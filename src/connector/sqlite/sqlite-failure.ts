import { AppError, type AppErrorCode, isAppError } from '#stdx/app-error'

/** Result codes of SQLite (sqlite3.h); the low byte of an extended code is its primary one. */
export const SQLITE = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  denied: 23,
  notDatabase: 26,
  busySnapshot: 517,
  constraintPrimaryKey: 1555,
  constraintUnique: 2067,
  constraintRowid: 2579,
  constraintDatatype: 3091,
} as const

/** The extended result code of an error of `node:sqlite`, or `undefined` for any other error. */
export function readResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

/**
 * Calls SQLite and translates what it reports. SQLite's messages name tables and fields, never
 * values, so they are repeated.
 *
 * @param doing completes "Cannot ..."
 * @param otherwise the code of failures that have no meaning of their own
 */
export function callSqlite<T>(doing: string, otherwise: AppErrorCode, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw translateFailure(error, doing, otherwise)
  }
}

/** The failure as the room's own; bugs and failures that are translated already pass unchanged. */
export function translateFailure(error: unknown, doing: string, otherwise: AppErrorCode): unknown {
  const resultCode = readResultCode(error)
  if (resultCode === undefined || isAppError(error) || !(error instanceof Error)) return error
  const { code, problem } = explain(resultCode, error.message) ?? {
    code: otherwise,
    problem: `SQLite reports "${error.message}"`,
  }
  return new AppError(code, `Cannot ${doing}: ${problem}`, { resultCode }, { cause: error })
}

/** Whether a translated failure says that another row holds a value that has to be unique. */
export function isTaken(error: unknown): boolean {
  if (!isAppError(error, 'connector.constraint-violated')) return false
  const { resultCode } = error.details
  return TAKEN.some((code) => code === resultCode)
}

const TAKEN = [SQLITE.constraintUnique, SQLITE.constraintPrimaryKey, SQLITE.constraintRowid]

type Explained = { readonly code: AppErrorCode; readonly problem: string }

function explain(resultCode: number, message: string): Explained | undefined {
  if (resultCode === SQLITE.constraintDatatype) {
    return { code: 'connector.value-refused', problem: `found "${message}"` }
  }
  switch (resultCode & 0xff) {
    case SQLITE.busy:
    case SQLITE.locked:
      return { code: 'connector.unreachable', problem: 'another program holds the database locked' }
    case SQLITE.readOnly:
      return { code: 'connector.read-only', problem: 'the database may only be read' }
    case SQLITE.full:
      return { code: 'connector.write-failed', problem: `SQLite reports "${message}"` }
    case SQLITE.cannotOpen:
      return { code: 'connector.unreachable', problem: 'the file cannot be opened' }
    case SQLITE.denied:
      return { code: 'connector.denied', problem: `SQLite reports "${message}"` }
    case SQLITE.notDatabase:
      return { code: 'connector.unreachable', problem: 'the file is no SQLite database' }
    case SQLITE.constraint:
      return { code: 'connector.constraint-violated', problem: `found "${message}"` }
    case SQLITE.tooBig:
    case SQLITE.mismatch:
      return { code: 'connector.value-refused', problem: `found "${message}"` }
    default:
      return undefined
  }
}
