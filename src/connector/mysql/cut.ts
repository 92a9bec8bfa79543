import type { Cut, SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { NextKey, SourceCut } from '../connector.ts'
import type { Counter } from '../counter.ts'
import type { Pace } from '../pace.ts'
import { readTables } from './catalogue.ts'
import { readCounters } from './counters.ts'
import { CutSessions } from './cut-sessions.ts'
import { isConnectionLost, readServerError, withoutValues } from './mysql-error.ts'
import { readNextKey } from './next-key.ts'
import { entityOf, quoteText } from './quote.ts'
import { readCatalogue } from './read-catalogue.ts'
import { scanEntity } from './scan.ts'
import type { Session } from './session.ts'
import { isStaged } from './staged-tables.ts'

export type OpenCutDeps = {
  readonly identity: SourceIdentity
  readonly connect: (signal: AbortSignal) => Promise<Session>
  readonly sessionsMax: number
  readonly pace: Pace
  /** Whether a write may take the snapshot over. */
  readonly isReadOnly: boolean
}

/** How often sessions try to begin at the same moment of a busy server before one must do. */
const ROUNDS_MAX = 20

/**
 * Fixes a moment without a lock. Several sessions share it where the server shows that nothing was
 * committed while they began; otherwise one session reads everything. The time is never after the
 * snapshot.
 */
export async function openCut(deps: OpenCutDeps, signal: AbortSignal): Promise<SourceCut> {
  const leader = await deps.connect(signal)
  const sessions = [leader]
  try {
    if (deps.sessionsMax > 1 && (await readCounter(leader, signal)) !== null) {
      for (let i = 1; i < deps.sessionsMax; i++) sessions.push(await deps.connect(signal))
    }
    if (deps.isReadOnly) for (const session of sessions) await freeTables(session, signal)
    let moment = await agree(sessions, deps, signal)
    if (moment === undefined) {
      for (const other of sessions.splice(1)) await other[Symbol.asyncDispose]()
      moment = await begin(sessions, deps, signal)
    }
    const position = (await readGtid(leader, moment.place, signal)) ?? moment.place ?? moment.time
    const cut = { position, time: moment.time, identity: deps.identity }
    return new MysqlCut(cut, new CutSessions(sessions), deps)
  } catch (error) {
    for (const session of sessions) session.destroy()
    signal.throwIfAborted()
    if (error instanceof AppError) throw error
    const message = 'Cannot open a cut: the server begins no snapshot'
    throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
  }
}

type Moment = {
  /** File and offset of the binary log, where the server says at which its snapshot stands. */
  readonly place: string | null
  readonly time: string
}

/**
 * Begins the snapshots of all sessions. What ended a moment before was just leaving: the pause lets
 * it be gone before the first of them begins.
 */
async function begin(
  sessions: readonly Session[],
  { isReadOnly }: OpenCutDeps,
  signal: AbortSignal,
): Promise<Moment> {
  const [leader] = sessions
  assert(leader !== undefined, 'A cut has a leader.')
  const asked = "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ'), SLEEP(0.003)"
  const [[time] = []] = await leader.query(asked, signal)
  const start = `START TRANSACTION WITH CONSISTENT SNAPSHOT${isReadOnly ? ', READ ONLY' : ''}`
  await Promise.all(sessions.map((session) => session.query(start, signal)))
  const status = await leader.query("SHOW STATUS LIKE 'binlog_snapshot_%'", signal)
  const [file, offset] = ['file', 'position'].map(
    (name) => status.find(([known]) => known?.toLowerCase() === `binlog_snapshot_${name}`)?.[1],
  )
  return { place: file ? `${file}:${offset}` : null, time: time ?? '' }
}

/**
 * The moment that all sessions see: InnoDB counts whenever a transaction first writes and whenever
 * one commits, logged or not, so that snapshots between two equal counts are the same.
 */
async function agree(
  sessions: readonly Session[],
  deps: OpenCutDeps,
  signal: AbortSignal,
): Promise<Moment | undefined> {
  const [leader] = sessions
  if (leader === undefined || sessions.length === 1) return undefined
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const before = await readCounter(leader, signal)
    const moment = await begin(sessions, deps, signal)
    if (before === (await readCounter(leader, signal))) return moment
  }
  return undefined
}

/** `null` on MySQL, which shows it to administrators only. */
async function readCounter(session: Session, signal: AbortSignal): Promise<string | null> {
  const [[, counter] = []] = await session.query(
    "SHOW GLOBAL STATUS LIKE 'Innodb_max_trx_id'",
    signal,
  )
  return counter ?? null
}

/**
 * Lets tables be altered once they were read, while the cut is still open: going back to a savepoint
 * lets go of them only in sessions that never write to the binary log. Not every user may say so.
 */
async function freeTables(session: Session, signal: AbortSignal): Promise<void> {
  try {
    await session.query('SET SESSION sql_log_bin = 0', signal)
  } catch (error) {
    if (readServerError(error) === undefined) throw error
  }
}

async function readGtid(
  session: Session,
  place: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const [, file, offset] = /^(.*):(\d+)$/.exec(place ?? '') ?? []
  if (file === undefined) return null
  const [[gtid] = []] = await session.query(
    `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${offset})`,
    signal,
  )
  return gtid ? `${gtid} (${place})` : null
}

export class MysqlCut implements SourceCut {
  readonly cut: Cut
  readonly #sessions: CutSessions
  readonly #deps: OpenCutDeps
  readonly #closed = new AbortController()

  constructor(cut: Cut, sessions: CutSessions, deps: OpenCutDeps) {
    this.cut = cut
    this.#sessions = sessions
    this.#deps = deps
  }

  /** The session of the snapshot, for a write that goes on where the cut was. */
  takeSession(): Session {
    return this.#sessions.take()
  }

  readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    return this.#ask((session, signal) => readCatalogue(session, mayRead, signal))
  }

  async estimateRows(isCounted: (entity: EntityName) => boolean): Promise<number | null> {
    const tables = await this.#ask(readTables)
    const counted = tables.filter(
      ({ kind, table }) => kind !== 'VIEW' && !isStaged(table) && isCounted(entityOf(table)),
    )
    return counted.reduce((sum, { rows }) => sum + Number(rows ?? 0), 0) || null
  }

  readNextKey(entity: DescribedEntity): Promise<NextKey | null> {
    return this.#ask((session, signal) => readNextKey(session, entity, signal))
  }

  readCounters(entity: DescribedEntity): Promise<readonly Counter[]> {
    return this.#ask((session, signal) => readCounters(session, entity, signal))
  }

  /**
   * Asks outside the snapshot: the server's catalogue knows no moments, and a session that stays in
   * its transaction would keep every table it looked at from being altered.
   */
  async #ask<T>(about: (session: Session, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#closed
    try {
      await using session = await this.#deps.connect(signal)
      return await about(session, signal)
    } catch (error) {
      const server = readServerError(error)
      if (error instanceof AppError || (server === undefined && !isConnectionLost(error)))
        throw error
      const found = server === undefined ? 'the connection was lost' : `error ${server.errno}`
      const message = `Cannot read the catalogue: ${found}`
      throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
    }
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const session = await this.#sessions.acquire(signal)
    try {
      for await (const batch of scanEntity(session, entity, { fields, signal })) {
        await this.#deps.pace.spend(batchBytes(batch), signal)
        yield batch
      }
    } finally {
      this.#sessions.release(session)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('The cut was closed.'))
    await this.#sessions[Symbol.asyncDispose]()
  }
}
