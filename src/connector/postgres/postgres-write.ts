import type { EntityName } from '#record/entity-name'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { CreatePlan, DeletedRows, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import type { Counter } from '../counter.ts'
import type { Pace } from '../pace.ts'
import type { SideEffect, WriteOp } from '../side-effect.ts'
import { moveCounter } from './counters.ts'
import { createTables } from './create-tables.ts'
import { type DeferredKey, deferForeignKeys, undoDeferral } from './defer-foreign-keys.ts'
import type { SequenceDefinition } from './definition.ts'
import { quietEventTriggers } from './event-triggers.ts'
import { finishTables } from './finish-tables.ts'
import { takeKeys } from './next-key.ts'
import { readServerError, withoutValues } from './pg-error.ts'
import { type QuietTable, quietTable, refuseLoud } from './quiet-table.ts'
import { quoteEntity, quoteLiteral } from './quote.ts'
import { scanEntity } from './scan.ts'
import type { Session } from './session.ts'
import { claim } from './write-claim.ts'
import { toCreateError, toWriteError } from './write-error.ts'
import { deleteRows, deleteTogether, insertRows, updateRows } from './write-rows.ts'

export type OpenWriteOptions = {
  /**
   * Stands in no transaction, and is owned by the write as well: the snapshot of a cut shows nobody the
   * triggers that were made since, which fire all the same.
   */
  readonly look: Session
  readonly pace: Pace
  /** Of a cut that is open: the transaction sees what the cut saw. */
  readonly snapshot: string | null
  /** What may run by itself. */
  readonly accepted: readonly SideEffect[]
  readonly signal: AbortSignal
}

/** Begins a write on a session that it owns from now on. */
export async function openWrite(
  session: Session,
  { accepted, look, pace, snapshot, signal }: OpenWriteOptions,
): Promise<TargetWrite> {
  try {
    if (snapshot === null) {
      await session.query('begin isolation level read committed', signal)
    } else {
      await session.query('begin isolation level repeatable read', signal)
      await session.query(`set transaction snapshot ${quoteLiteral(snapshot)}`, signal)
    }
    await session.query('set constraints all deferred', signal)
    await requireForeignKeys(session, signal)
    const undo = await quietEventTriggers(session, { accepted, isCreating: false, look }, signal)
    return new PostgresWrite(session, {
      accepted,
      look,
      hasSnapshot: snapshot !== null,
      pace,
      signal,
      undo,
    })
  } catch (error) {
    session.destroy()
    look.destroy()
    signal.throwIfAborted()
    throw toWriteError(error, 'begin to write')
  }
}

/**
 * A session that takes itself for a replica checks no foreign key and fires other triggers than
 * those it should.
 */
async function requireForeignKeys(session: Session, signal: AbortSignal): Promise<void> {
  const sql = "select pg_catalog.current_setting('session_replication_role')"
  const [[role] = []] = await session.query(sql, signal)
  if (role === 'origin') return
  try {
    await session.query('set session_replication_role = origin', signal)
  } catch (error) {
    if (readServerError(error)?.sqlState !== '42501') throw error
    const message = `Cannot write to the database: its user is set to session_replication_role ${role}, under which no foreign key is checked; need origin`
    throw new AppError('connector.denied', message, {}, { cause: withoutValues(error) })
  }
}

type WriteParts = {
  readonly accepted: readonly SideEffect[]
  readonly look: Session
  readonly hasSnapshot: boolean
  readonly pace: Pace
  readonly signal: AbortSignal
  /** Statements that put back the event triggers, the last before the commit. */
  readonly undo: readonly string[]
}

/** After a failure the transaction is dead; all that is left is to dispose it. */
class PostgresWrite implements TargetWrite {
  readonly #session: Session
  readonly #pace: Pace
  readonly #signal: AbortSignal
  readonly #hasSnapshot: boolean
  readonly #plainTables = new Set<EntityName>()
  #sequences: readonly SequenceDefinition[] = []
  #deferred: readonly DeferredKey[] = []
  /** Statements that put back what was altered for an update. */
  readonly #undo: string[] = []
  readonly #quietTables = new Map<EntityName, QuietTable>()
  readonly #undoEventTriggers: string[]
  readonly #accepted: readonly SideEffect[]
  readonly #look: Session

  constructor(session: Session, { accepted, look, hasSnapshot, pace, signal, undo }: WriteParts) {
    this.#session = session
    this.#accepted = accepted
    this.#look = look
    this.#undoEventTriggers = [...undo]
    this.#pace = pace
    this.#signal = signal
    this.#hasSnapshot = hasSnapshot
  }

  claim(): Promise<void> {
    return this.#translate(toWriteError, 'begin to write', () => claim(this.#session, this.#signal))
  }

  createTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#translate(toCreateError, 'create the tables', async () => {
      const quieting = { accepted: this.#accepted, isCreating: true, look: this.#look }
      const undo = await quietEventTriggers(this.#session, quieting, this.#signal)
      this.#undoEventTriggers.push(...undo)
      const created = await createTables(this.#session, plan, this.#signal)
      this.#sequences = created.sequences
      for (const entity of created.plainTables) this.#plainTables.add(entity)
      return created.leftOut
    })
  }

  finishTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#translate(toCreateError, 'finish the tables', () =>
      finishTables(this.#session, { plan, sequences: this.#sequences, signal: this.#signal }),
    )
  }

  deferForeignKeys(entities: readonly EntityName[]): Promise<boolean> {
    return this.#translate(toCreateError, 'defer foreign keys', async () => {
      const deferred = await deferForeignKeys(this.#session, entities, this.#signal)
      this.#deferred = [...this.#deferred, ...(deferred ?? [])]
      return deferred !== undefined
    })
  }

  insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    // The server refuses to freeze rows while a snapshot is held.
    const isFrozen = this.#plainTables.has(entity) && !this.#hasSnapshot
    return this.#translate(toWriteError, `insert into "${entity}"`, async () => {
      const signal = this.#signal
      return this.#firing(entity, 'insert', () =>
        insertRows(this.#session, { entity, fields, rows, isFrozen, signal }),
      )
    })
  }

  takeKeys(entity: EntityName, last: bigint): Promise<void> {
    return this.#translate(toWriteError, `take numbers of "${entity}"`, () =>
      takeKeys(this.#session, entity, { last, signal: this.#signal }),
    )
  }

  moveCounter(counter: Counter, to: bigint): Promise<string | null> {
    return this.#translate(toWriteError, `move counter ${counter.name}`, () =>
      moveCounter(this.#session, counter, { signal: this.#signal, to }),
    )
  }

  updateRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `update "${entity}"`, async () => {
      const { changedCount, undo } = await this.#firing(entity, 'update', () =>
        updateRows(this.#session, entity, { ...rows, look: this.#look, signal: this.#signal }),
      )
      this.#undo.push(...undo)
      return changedCount
    })
  }

  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `delete from "${entity}"`, () =>
      this.#firing(entity, 'delete', () =>
        deleteRows(this.#session, entity, { ...rows, look: this.#look, signal: this.#signal }),
      ),
    )
  }

  deleteTogether(parts: readonly DeletedRows[]): Promise<number> {
    const names = parts.map(({ entity }) => `"${entity}"`).join(', ')
    const call = () =>
      deleteTogether(this.#session, parts, { look: this.#look, signal: this.#signal })
    const quietly = parts.reduce<() => Promise<number>>(
      (inner, { entity }) =>
        () =>
          this.#firing(entity, 'delete', inner),
      call,
    )
    return this.#translate(toWriteError, `delete from ${names}`, quietly)
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const named = entity.sourceId === null ? await this.#identify(entity, signal) : entity
    for await (const batch of scanEntity(this.#session, named, { fields, signal })) {
      await this.#pace.spend(batchBytes(batch), signal)
      yield batch
    }
  }

  /** A table that this transaction made is known by its name first. */
  async #identify(entity: DescribedEntity, signal: AbortSignal): Promise<DescribedEntity> {
    const name = quoteLiteral(quoteEntity(entity.entity))
    const sql = `select pg_catalog.to_regclass(${name})::oid`
    const [[sourceId] = []] = await this.#session.query(sql, signal)
    return { ...entity, sourceId: sourceId ?? null }
  }

  commit(): Promise<void> {
    return this.#translate(toWriteError, 'commit', async () => {
      const isLoud = [...this.#quietTables.values()].some(({ loud }) => loud.length > 0)
      await this.#atHome(isLoud, () => undoDeferral(this.#session, this.#deferred, this.#signal))
      const tables = [...this.#quietTables.values()].flatMap(({ undo }) => undo)
      for (const undo of [...tables, ...this.#undo, ...this.#undoEventTriggers]) {
        await this.#session.query(undo, this.#signal)
      }
      await this.#session.query('commit', this.#signal)
    })
  }

  /** Switches off once for each table, before the first write to it. */
  async #firing<T>(entity: EntityName, op: WriteOp, call: () => Promise<T>): Promise<T> {
    if (this.#plainTables.has(entity)) return await call()
    const sessions = { look: this.#look, session: this.#session }
    const quiet =
      this.#quietTables.get(entity) ?? (await quietTable(sessions, entity, this.#signal))
    this.#quietTables.set(entity, quiet)
    const isLoud = refuseLoud(entity, op, { accepted: this.#accepted, loud: quiet.loud })
    return await this.#atHome(isLoud, call)
  }

  /** What was accepted runs where its role or database looks for names, as it does for everybody. */
  async #atHome<T>(isLoud: boolean, call: () => Promise<T>): Promise<T> {
    if (!isLoud) return await call()
    await this.#session.query('set local search_path to default', this.#signal)
    const result = await call()
    await this.#session.query("set local search_path to ''", this.#signal)
    return result
  }

  async #translate<T>(
    translate: (error: unknown, what: string) => unknown,
    what: string,
    call: () => Promise<T>,
  ): Promise<T> {
    try {
      return await call()
    } catch (error) {
      this.#signal.throwIfAborted()
      throw translate(error, what)
    }
  }

  /** Closing the connection rolls back what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
    await this.#look[Symbol.asyncDispose]()
  }
}
