import { isUtf8 } from 'node:buffer'
import type { Cut, SourceIdentity } from '#record/cut'
import { type EntityName, formatEntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { NextKey, SourceCut } from '../connector.ts'
import type { Counter } from '../counter.ts'
import type { Pace } from '../pace.ts'
import { ESTIMATES } from './catalogue/estimates.ts'
import { ask } from './catalogue/question.ts'
import { readCounters } from './counters.ts'
import { CutSessions } from './cut-sessions.ts'
import { readNextKey } from './next-key.ts'
import { isConnectionLost, readServerError, toLostError, withoutValues } from './pg-error.ts'
import { quoteLiteral } from './quote.ts'
import { readCatalogue } from './read-catalogue.ts'
import { scanEntity } from './scan.ts'
import type { Session } from './session.ts'

export type OpenCutDeps = {
  readonly identity: SourceIdentity
  readonly connect: (signal: AbortSignal) => Promise<Session>
  readonly sessionsMax: number
  readonly pace: Pace
}

/**
 * Fixes a moment by exporting a snapshot; works on a standby too.
 *
 * The position may lie a little behind the snapshot, never before it, and the time never after it:
 * whatever was committed at or before the cut's time is in it.
 */
export async function openCut(deps: OpenCutDeps, signal: AbortSignal): Promise<SourceCut> {
  const leader = await deps.connect(signal)
  try {
    await leader.query('begin isolation level repeatable read read only', signal)
    const [[snapshot, position, time, encoding] = []] = await leader.query(MOMENT, signal)
    if (!snapshot || !position || !time) throw new Error('The server told no moment.')
    const cut = { position, time, identity: deps.identity }
    const sessions = new CutSessions(leader, snapshot, deps)
    return new PostgresCut(cut, sessions, { snapshot, pace: deps.pace, encoding: encoding ?? '' })
  } catch (error) {
    leader.destroy()
    signal.throwIfAborted()
    if (isConnectionLost(error)) throw toLostError(error, 'open a cut')
    const message = 'Cannot open a cut: the server exports no snapshot'
    throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
  }
}

/**
 * A cut at a snapshot that another session exported and holds until this resolves: the snapshot is
 * then held here.
 */
export async function openCutAt(
  deps: OpenCutDeps,
  moment: { readonly snapshot: string; readonly position: string; readonly time: string },
  signal: AbortSignal,
): Promise<SourceCut> {
  const leader = await deps.connect(signal)
  try {
    await leader.query('begin isolation level repeatable read read only', signal)
    await leader.query(`set transaction snapshot ${quoteLiteral(moment.snapshot)}`, signal)
    const [[snapshot, encoding] = []] = await leader.query(EXPORT, signal)
    if (!snapshot) throw new Error('The server exported no snapshot.')
    const { position, time } = moment
    const cut = { position, time, identity: deps.identity }
    const sessions = new CutSessions(leader, snapshot, deps)
    return new PostgresCut(cut, sessions, { snapshot, pace: deps.pace, encoding: encoding ?? '' })
  } catch (error) {
    leader.destroy()
    signal.throwIfAborted()
    const message = 'Cannot open a cut: the snapshot of the feed was refused'
    throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
  }
}

const EXPORT = `select pg_catalog.pg_export_snapshot(),
  pg_catalog.current_setting('server_encoding')`

// The time is that of the statement's begin: the snapshot is taken after it.
const MOMENT = `select pg_catalog.pg_export_snapshot(),
  case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
    else pg_catalog.pg_current_wal_insert_lsn() end,
  pg_catalog.to_char(pg_catalog.statement_timestamp() at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  pg_catalog.current_setting('server_encoding')`

export class PostgresCut implements SourceCut {
  readonly cut: Cut
  /** Name of the exported snapshot, which other sessions import while the cut is open. */
  readonly snapshot: string
  readonly #sessions: CutSessions
  readonly #pace: Pace
  /** The server keeps whatever bytes it is given and converts nothing. */
  readonly #isUnchecked: boolean
  readonly #closed = new AbortController()

  constructor(
    cut: Cut,
    sessions: CutSessions,
    { snapshot, pace, encoding }: { snapshot: string; pace: Pace; encoding: string },
  ) {
    this.cut = cut
    this.snapshot = snapshot
    this.#sessions = sessions
    this.#pace = pace
    this.#isUnchecked = encoding === 'SQL_ASCII'
  }

  async readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    const { signal } = this.#closed
    try {
      return await this.#sessions.with(signal, (session) => readCatalogue(session, mayRead, signal))
    } catch (error) {
      const server = readServerError(error)
      if (error instanceof AppError || server === undefined) throw error
      const message = `Cannot read the catalogue: SQLSTATE ${server.sqlState}, ${server.text}`
      throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
    }
  }

  readNextKey(entity: DescribedEntity): Promise<NextKey | null> {
    const { signal } = this.#closed
    return this.#sessions.with(signal, (session) => readNextKey(session, entity, signal))
  }

  readCounters(entity: DescribedEntity): Promise<readonly Counter[]> {
    const { signal } = this.#closed
    return this.#sessions.with(signal, (session) => readCounters(session, entity, signal))
  }

  async estimateRows(isCounted: (entity: EntityName) => boolean): Promise<number | null> {
    const { signal } = this.#closed
    const found = await this.#sessions.with(signal, (session) => ask(session, ESTIMATES, signal))
    const counted = found.filter(({ name, schema }) => isCounted(formatEntityName([schema, name])))
    return Math.round(counted.reduce((sum, { rows }) => sum + rows, 0)) || null
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const session = await this.#sessions.acquire(signal)
    try {
      for await (const batch of scanEntity(session, entity, { fields, signal })) {
        if (this.#isUnchecked) refuseBrokenText(entity.entity, batch)
        await this.#pace.spend(sizeOf(batch), signal)
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

function sizeOf(batch: RowBatch): number {
  if (batch.kind === 'rows') return batch.bytes.length
  return batch.parts.reduce((size, part) => size + part.length, 0)
}

/** @throws connector.value-refused when the rows are not UTF-8 */
function refuseBrokenText(entity: EntityName, batch: RowBatch): void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    if (batch.kind === 'rows' && isUtf8(batch.bytes)) return
    const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
    for (const part of parts) decoder.decode(part, { stream: true })
    decoder.decode()
  } catch (cause) {
    const found = 'the database has no encoding, and a value is not UTF-8'
    const message = `Cannot scan "${entity}": ${found}`
    throw new AppError('connector.value-refused', message, { entity }, { cause })
  }
}
