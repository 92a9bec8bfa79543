import type { EntityName } from '#record/entity-name'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { CreatePlan, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import type { Counter } from '../counter.ts'
import type { Pace } from '../pace.ts'
import type { SideEffect } from '../side-effect.ts'
import { readColumns } from './catalogue.ts'
import { moveCounter } from './counters.ts'
import { dangling, danglingSql, ForeignKeyWatch } from './foreign-key-watch.ts'
import { tableOf } from './quote.ts'
import { scanEntity } from './scan.ts'
import type { Session } from './session.ts'
import { StagedTables } from './staged-tables.ts'
import { claim, release } from './write-claim.ts'
import { toCreateError, toWriteError } from './write-error.ts'
import { addRows, deleteRows, insertRows, updateRows, type WriteContext } from './write-rows.ts'

export type OpenWriteDeps = {
  /** What may run by itself. */
  readonly accepted: readonly SideEffect[]
  /** The name of the lock, quoted. */
  readonly claim: string
  readonly connect: (signal: AbortSignal) => Promise<Session>
  readonly pace: Pace
  /** Whether the session stands in the snapshot of a cut. */
  readonly hasSnapshot: boolean
  readonly signal: AbortSignal
}

/** Begins a write on a session that it owns from now on. */
export async function openWrite(session: Session, deps: OpenWriteDeps): Promise<TargetWrite> {
  const { hasSnapshot, signal } = deps
  try {
    if (!hasSnapshot) await session.query('START TRANSACTION', signal)
    await session.query('SET SESSION foreign_key_checks = 0', signal)
    return new MysqlWrite(session, deps)
  } catch (error) {
    session.destroy()
    signal.throwIfAborted()
    throw toWriteError(error, 'begin to write')
  }
}

/**
 * Rows of tables that are there are written in one transaction. New tables are made and filled on a
 * second session, under names of their own, and renamed after that transaction is committed: a
 * failure before leaves nothing, one between the two leaves the new tables out.
 *
 * After a failure the transaction is dead; all that is left is to dispose it.
 */
class MysqlWrite implements TargetWrite {
  readonly #session: Session
  readonly #deps: OpenWriteDeps
  readonly #context: WriteContext
  #staged: StagedTables | undefined
  #number = 0

  constructor(session: Session, deps: OpenWriteDeps) {
    this.#session = session
    this.#deps = deps
    this.#context = {
      accepted: deps.accepted,
      session,
      watch: new ForeignKeyWatch(session),
      hasSnapshot: deps.hasSnapshot,
      nextNumber: () => ++this.#number,
      signal: deps.signal,
    }
  }

  claim(): Promise<void> {
    const { claim: lock, signal } = this.#deps
    return this.#translate(toWriteError, 'begin to write', () => claim(this.#session, lock, signal))
  }

  createTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    const { connect, signal } = this.#deps
    return this.#translate(toCreateError, 'create the tables', async () => {
      assert(this.#staged === undefined, 'Tables are created once.')
      const session = await connect(signal)
      try {
        // It has to see what the other session wrote before that is committed.
        const isolation = 'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED'
        await session.query(isolation, signal)
        this.#staged = await StagedTables.create(session, plan, signal)
      } catch (error) {
        session.destroy()
        throw error
      }
      return []
    })
  }

  /** All but the foreign keys was there from the beginning. */
  finishTables(): Promise<readonly LeftOut[]> {
    return this.#translate(toCreateError, 'finish the tables', async () => {
      await this.#refuseDangling()
      return []
    })
  }

  /** They all do, always. */
  deferForeignKeys(): Promise<boolean> {
    return Promise.resolve(true)
  }

  insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    const { signal } = this.#deps
    const what = `insert into "${entity}"`
    return this.#translate(toWriteError, what, async () => {
      const table = this.#staged?.nameOf(tableOf(entity))
      const session = this.#staged?.session
      if (table === undefined || session === undefined) {
        return insertRows(this.#context, entity, { fields, rows })
      }
      const columns = await readColumns(session, signal, table)
      const context = { session, signal, nextNumber: this.#context.nextNumber }
      return addRows(context, table, { what, columns, fields, rows })
    })
  }

  moveCounter(counter: Counter, to: bigint): Promise<string | null> {
    const { signal } = this.#deps
    return this.#translate(toWriteError, `move counter ${counter.name}`, () =>
      moveCounter(this.#session, counter, { signal, to }),
    )
  }

  updateRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `update "${entity}"`, () =>
      updateRows(this.#context, entity, rows),
    )
  }

  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `delete from "${entity}"`, () =>
      deleteRows(this.#context, entity, rows),
    )
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const table = this.#staged?.nameOf(tableOf(entity.entity))
    const session = (table === undefined ? undefined : this.#staged?.session) ?? this.#session
    const options = { fields, signal, ...(table === undefined ? {} : { table }) }
    // New tables are filled by statements that commit themselves; a scan stands in a transaction.
    if (table !== undefined) await session.query('START TRANSACTION', signal)
    for await (const batch of scanEntity(session, entity, options)) {
      await this.#deps.pace.spend(batchBytes(batch), signal)
      yield batch
    }
    if (table !== undefined) await session.query('COMMIT', signal)
  }

  commit(): Promise<void> {
    const { signal } = this.#deps
    return this.#translate(toWriteError, 'commit', async () => {
      await this.#context.watch.refuseDangling(signal)
      await this.#session.query('COMMIT', signal)
      try {
        await this.#staged?.publish(signal)
      } catch (error) {
        const what = 'give the new tables their names; rows of other tables are committed'
        throw toWriteError(error, what)
      }
      // The server notices later than we go on that a session has ended.
      await release(this.#session, this.#deps.claim, signal).catch(() => {})
    })
  }

  async #refuseDangling(): Promise<void> {
    const { signal } = this.#deps
    const staged = this.#staged
    if (staged === undefined) return
    for (const { key, referring } of staged.references()) {
      const rows = await staged.session.query(danglingSql(key, referring), signal)
      if (rows.length > 0) throw dangling(key)
    }
  }

  async #translate<T>(
    translate: (error: unknown, what: string) => unknown,
    what: string,
    call: () => Promise<T>,
  ): Promise<T> {
    try {
      return await call()
    } catch (error) {
      this.#deps.signal.throwIfAborted()
      if (error instanceof AppError) throw error
      throw translate(error, what)
    }
  }

  /** Closing the connections rolls back what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
    const staged = this.#staged
    if (staged === undefined) return
    await this.#dropStaged(staged)
    await staged.session[Symbol.asyncDispose]()
  }

  /** Best effort: the next restore that creates tables drops what is left. */
  async #dropStaged(staged: StagedTables): Promise<void> {
    if (!staged.isLeft) return
    const signal = AbortSignal.timeout(DROP_TIMEOUT_MS)
    try {
      if (!staged.session.isLost) return await staged.drop(staged.session, signal)
      await using session = await this.#deps.connect(signal)
      await staged.drop(session, signal)
    } catch {
      // Why the write ended is what the caller learns.
    }
  }
}

const DROP_TIMEOUT_MS = 30_000
