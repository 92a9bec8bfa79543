import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { SourceIdentity } from '#record/cut'
import { AppError, isAppError } from '#stdx/app-error'
import { callSqlite, readResultCode, SQLITE } from './sqlite-failure.ts'

/** How long a lock of another program is waited for; SQLite waits without yielding. */
const LOCK_TIMEOUT_MS = 5000
/** Byte 18 of a file's header (https://sqlite.org/fileformat2.html). */
const WAL_FORMAT = 2
const WAL_HEADER_BYTES = 32
const WAL_FRAME_HEADER_BYTES = 24

/**
 * Foreign keys are not enforced and never cascade while we write: a restore writes what its plan
 * names and nothing else, and checks them itself before it commits.
 */
const OPTIONS = { enableForeignKeyConstraints: false } as const

/** A connection whose transaction has read. */
export type ReadingDatabase = {
  readonly db: DatabaseSync
  /** Whether a lock of ours keeps the moment; else the file must be seen not to have changed. */
  readonly isGuarded: boolean
}

/**
 * Opens the file for reading only, and begins the one transaction that all reads share.
 *
 * @param timeout how long a lock of another program is waited for, in milliseconds
 * @throws connector.unreachable when it is missing, empty, locked, or no database
 */
export function openReader(path: string, timeout = LOCK_TIMEOUT_MS): ReadingDatabase {
  refuseMissing(path)
  refuseEmpty(path)
  try {
    return begin(() => new DatabaseSync(path, { ...OPTIONS, timeout, readOnly: true }))
  } catch (error) {
    const resultCode = (readResultCode(error) ?? 0) & 0xff
    if (resultCode !== SQLITE.readOnly && resultCode !== SQLITE.cannotOpen) return fail(error)
    return isAtRest(path) ? openImmutable(path) : rollBackAndRead(path)
  }
}

/** Like `openReader`, for a transaction that may go on to write. */
export function openWriterReading(path: string): ReadingDatabase {
  refuseMissing(path)
  try {
    return begin(() => openWriter(path))
  } catch (error) {
    return fail(error)
  }
}

/** Opens the file for writing, creating it when it is missing. Begins nothing. */
export function openWriter(path: string): DatabaseSync {
  // Tables were once created with "text" in double quotes; their DDL must be understood again.
  const timeout = LOCK_TIMEOUT_MS
  return new DatabaseSync(path, { ...OPTIONS, timeout, enableDoubleQuotedStringLiterals: true })
}

/**
 * Undoes what a write left that failed with the disk: SQLite gives up then and leaves the undoing to
 * whoever opens the file next. Where that fails, too, the journal stays and keeps its meaning.
 */
export function undoUnfinished(path: string): void {
  if (!existsSync(`${path}-journal`)) return
  try {
    openWriterReading(path).db.close()
  } catch {
    // The next program that can write the file does it.
  }
}

/**
 * What tells this file from another one under the same path: its device and inode. A copy, and a
 * file that was put back by replacing it, are other systems; one that is written in place is not.
 */
export function readIdentity(path: string): SourceIdentity {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return { system: `${dev}:${ino}`, database: 'main' }
  } catch (cause) {
    throw missing(cause)
  }
}

/**
 * Where the file stands: its change counter and time of writing and, in WAL mode, which log and how
 * many frames of it; there the counter stands still. Two equal positions of one file hold the same
 * rows. Read beside SQLite, so look before and after.
 */
export function readPosition(path: string): string {
  const header = readHead(path, 100)
  const change = header.length < 100 ? 0 : header.readUInt32BE(24)
  const written = statSync(path, { bigint: true }).mtimeNs
  const file = `change ${change} written ${written}`
  const wal = header[18] === WAL_FORMAT ? readWalPosition(`${path}-wal`) : undefined
  return wal === undefined ? file : `${file} wal ${wal}`
}

function readWalPosition(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  const header = readHead(path, WAL_HEADER_BYTES)
  if (header.length < WAL_HEADER_BYTES) return undefined
  const frameBytes = WAL_FRAME_HEADER_BYTES + header.readUInt32BE(8)
  const frames = Math.floor((statSync(path).size - WAL_HEADER_BYTES) / frameBytes)
  return `${header.subarray(16, 24).toString('hex')} frames ${frames}`
}

function begin(open: () => DatabaseSync, isGuarded = true): ReadingDatabase {
  const db = open()
  try {
    // BEGIN alone locks nothing: the first read fixes the moment.
    db.exec('BEGIN')
    db.prepare('SELECT count(*) FROM main.sqlite_schema').get()
    return { db, isGuarded }
  } catch (error) {
    db.close()
    throw error
  }
}

/** What a crash left in a journal or log is settled by the next program that may write. */
function rollBackAndRead(path: string): ReadingDatabase {
  try {
    return openWriterReading(path)
  } catch (cause) {
    if (!isAppError(cause, 'connector.read-only')) throw cause
    const found = 'found unfinished changes of another program beside it'
    const message = `Cannot open the SQLite database: ${found}, need the right to write to its folder`
    throw new AppError('connector.unreachable', message, {}, { cause })
  }
}

/** A database in WAL mode in a folder where nothing may be created: no lock can be taken. */
function openImmutable(path: string): ReadingDatabase {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  try {
    return begin(() => new DatabaseSync(url, { ...OPTIONS, readOnly: true }), false)
  } catch (error) {
    return fail(error)
  }
}

function isAtRest(path: string): boolean {
  const besides = [`${path}-wal`, `${path}-journal`]
  return besides.every((beside) => !existsSync(beside) || statSync(beside).size === 0)
}

function readHead(path: string, sizeBytes: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(sizeBytes)
    return bytes.subarray(0, readSync(file, bytes, 0, sizeBytes, 0))
  } finally {
    closeSync(file)
  }
}

function refuseMissing(path: string): void {
  if (!existsSync(path)) throw missing(undefined)
}

/** To SQLite a file of no bytes is a database of no tables; to us it is one that was truncated. */
function refuseEmpty(path: string): void {
  if (statSync(path).size > 0) return
  const message = 'Cannot open the SQLite database: found a file of 0 bytes, need a database'
  throw new AppError('connector.unreachable', message)
}

function missing(cause: unknown): AppError {
  const message = 'Cannot open the SQLite database: found no file at its path, need an existing one'
  return new AppError('connector.unreachable', message, {}, { cause })
}

function fail(error: unknown): never {
  return callSqlite('open the SQLite database', 'connector.unreachable', () => {
    throw error
  })
}
