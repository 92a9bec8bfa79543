import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Connector, ConnectorOptions, Source, SourceCut, Target } from '../connector.ts'
import { openPace, type Pace } from '../pace.ts'
import { listTriggers } from './list-triggers.ts'
import {
  openReader,
  openWriter,
  openWriterReading,
  type ReadingDatabase,
  readIdentity,
} from './open-database.ts'
import { readPragma } from './read-schema.ts'
import { openSqliteCut, SqliteCut } from './sqlite-cut.ts'
import { callSqlite, readResultCode, SQLITE } from './sqlite-failure.ts'
import { SqliteWrite } from './sqlite-write.ts'

/** Reads and writes the SQLite database whose path is the address. */
export const sqliteConnector: Connector = {
  kind: 'sqlite',
  async openSource(options) {
    options.signal.throwIfAborted()
    const path = options.address.reveal()
    openReader(path).db.close()
    return openFile(options, openPaceOf(options), openReader)
  },
  async openTarget(options) {
    options.signal.throwIfAborted()
    return openTargetFile(options)
  },
}

function openPaceOf({ bytesPerSecondMax, clock }: ConnectorOptions): Pace {
  return openPace(clock, bytesPerSecondMax)
}

function openFile(
  { address, clock }: ConnectorOptions,
  pace: Pace,
  open: (path: string) => ReadingDatabase,
): Source {
  const path = address.reveal()
  return {
    identity: readIdentity(path),
    async openCut(signal) {
      signal.throwIfAborted()
      return openSqliteCut({ clock, pace }, path, open)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** A file that we had to create and nobody filled goes away with the target. */
function openTargetFile(options: ConnectorOptions): Target {
  const path = options.address.reveal()
  const isOurs = !existsSync(path)
  probeWritable(path)
  const pace = openPaceOf(options)
  return {
    ...openFile(options, pace, openWriterReading),
    // Foreign keys hold for programs that ask for it.
    mayDangle: true,
    async listSideEffects(writes, signal) {
      signal.throwIfAborted()
      return existsSync(path) ? listTriggers(path, writes) : []
    },
    async openWrite(signal, since, schemas = []) {
      signal.throwIfAborted()
      const db = since === undefined ? beginWrite(path) : continueWrite(since)
      return new SqliteWrite(db, { pace, schemas, signal })
    },
    async [Symbol.asyncDispose]() {
      if (isOurs && existsSync(path) && statSync(path).size === 0) rmSync(path)
    },
  }
}

function probeWritable(path: string): void {
  const doing = 'open the SQLite database for writing'
  try {
    // SQLite writes a journal beside the file.
    for (const place of [dirname(path), path]) {
      if (existsSync(place)) accessSync(place, constants.W_OK)
    }
  } catch (cause) {
    const message = `Cannot ${doing}: found its file or folder read-only, need both writable`
    throw new AppError('connector.read-only', message, {}, { cause })
  }
  callSqlite(doing, 'connector.unreachable', () => {
    const db = openWriter(path)
    try {
      db.exec('BEGIN IMMEDIATE; ROLLBACK')
      db.prepare('SELECT count(*) FROM main.sqlite_schema').get()
    } finally {
      db.close()
    }
  })
}

function beginWrite(path: string): DatabaseSync {
  return callSqlite(`begin to write to "${path}"`, 'connector.unreachable', () => {
    const db = openWriter(path)
    try {
      db.exec('BEGIN IMMEDIATE')
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/**
 * Goes on with the transaction that the cut has read in, which SQLite allows only if nobody has
 * written since. Setting a number of the file to what it is takes the write lock and changes nothing.
 */
function continueWrite(since: SourceCut): DatabaseSync {
  assert(since instanceof SqliteCut, 'A cut of this target begins the write.')
  const db = since.takeDatabase()
  const doing = `begin to write to "${db.location() ?? 'memory'}"`
  try {
    db.exec(`PRAGMA main.user_version = ${readPragma(db, 'user_version')}`)
    return db
  } catch (error) {
    db.close()
    return callSqlite(doing, 'connector.unreachable', () => {
      if (readResultCode(error) !== SQLITE.busySnapshot) throw error
      const message = `Cannot ${doing}: found changes by another program, need the target as it was read`
      throw new AppError('connector.target-changed', message, {}, { cause: error })
    })
  }
}
