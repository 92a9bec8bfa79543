import type { Cut, SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { SourceCut } from '../connector.ts'
import type { Pace } from '../pace.ts'
import { CutSessions } from './cut-sessions.ts'
import { readServerError, withoutValues } from './pg-error.ts'
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
    const [[snapshot, position, time] = []] = await leader.query(MOMENT, signal)
    if (!snapshot || !position || !time) throw new Error('The server told no moment.')
    const cut = { position, time, identity: deps.identity }
    return new PostgresCut(cut, new CutSessions(leader, snapshot, deps), deps.pace, snapshot)
  } catch (error) {
    leader.destroy()
    signal.throwIfAborted()
    const message = 'Cannot open a cut: the server exports no snapshot'
    throw new AppError('connector.scan-failed', message, {}, { cause: withoutValues(error) })
  }
}

// The time is that of the statement's begin: the snapshot is taken after it.
const MOMENT = `select pg_catalog.pg_export_snapshot(),
  case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
    else pg_catalog.pg_current_wal_insert_lsn() end,
  pg_catalog.to_char(pg_catalog.statement_timestamp() at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

export class PostgresCut implements SourceCut {
  readonly cut: Cut
  /** Name of the exported snapshot, which other sessions import while the cut is open. */
  readonly snapshot: string
  readonly #sessions: CutSessions
  readonly #pace: Pace
  readonly #closed = new AbortController()

  constructor(cut: Cut, sessions: CutSessions, pace: Pace, snapshot: string) {
    this.cut = cut
    this.#sessions = sessions
    this.#pace = pace
    this.snapshot = snapshot
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

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const session = await this.#sessions.acquire(signal)
    try {
      for await (const batch of scanEntity(session, entity, { fields, signal })) {
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
