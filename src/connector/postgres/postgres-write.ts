import type { EntityName } from '#record/entity-name'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import type { CreatePlan, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import type { Pace } from '../pace.ts'
import { createTables } from './create-tables.ts'
import { type DeferredKey, deferForeignKeys, undoDeferral } from './defer-foreign-keys.ts'
import type { SequenceDefinition } from './definition.ts'
import { finishTables } from './finish-tables.ts'
import { quietTable } from './quiet-table.ts'
import { quoteLiteral } from './quote.ts'
import { scanEntity } from './scan.ts'
import type { Session } from './session.ts'
import { toCreateError, toWriteError } from './write-error.ts'
import { deleteRows, insertRows, updateRows } from './write-rows.ts'

/**
 * Begins a write on a session that it owns from now on.
 *
 * @param snapshot of a cut that is open: the transaction sees what the cut saw
 */
export async function openWrite(
  session: Session,
  {
    pace,
    snapshot,
    signal,
  }: { readonly pace: Pace; readonly snapshot: string | null; readonly signal: AbortSignal },
): Promise<TargetWrite> {
  try {
    if (snapshot === null) {
      await session.query('begin isolation level read committed', signal)
    } else {
      await session.query('begin isolation level repeatable read', signal)
      await session.query(`set transaction snapshot ${quoteLiteral(snapshot)}`, signal)
    }
    await session.query('set constraints all deferred', signal)
    return new PostgresWrite(session, { hasSnapshot: snapshot !== null, pace, signal })
  } catch (error) {
    session.destroy()
    signal.throwIfAborted()
    throw toWriteError(error, 'begin to write')
  }
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
  readonly #undoByQuiet = new Map<EntityName, readonly string[]>()

  constructor(
    session: Session,
    { hasSnapshot, pace, signal }: { hasSnapshot: boolean; pace: Pace; signal: AbortSignal },
  ) {
    this.#session = session
    this.#pace = pace
    this.#signal = signal
    this.#hasSnapshot = hasSnapshot
  }

  createTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#translate(toCreateError, 'create the tables', async () => {
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
      await this.#quiet(entity)
      const signal = this.#signal
      return insertRows(this.#session, { entity, fields, rows, isFrozen, signal })
    })
  }

  updateRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `update "${entity}"`, async () => {
      await this.#quiet(entity)
      const { changedCount, undo } = await updateRows(this.#session, entity, {
        ...rows,
        signal: this.#signal,
      })
      this.#undo.push(...undo)
      return changedCount
    })
  }

  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#translate(toWriteError, `delete from "${entity}"`, async () => {
      await this.#quiet(entity)
      return deleteRows(this.#session, entity, { ...rows, signal: this.#signal })
    })
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    for await (const batch of scanEntity(this.#session, entity, { fields, signal })) {
      await this.#pace.spend(batchBytes(batch), signal)
      yield batch
    }
  }

  commit(): Promise<void> {
    return this.#translate(toWriteError, 'commit', async () => {
      await undoDeferral(this.#session, this.#deferred, this.#signal)
      for (const undo of [...this.#undoByQuiet.values(), this.#undo].flat()) {
        await this.#session.query(undo, this.#signal)
      }
      await this.#session.query('commit', this.#signal)
    })
  }

  /** Once for each table, before the first write to it. */
  async #quiet(entity: EntityName): Promise<void> {
    if (this.#plainTables.has(entity) || this.#undoByQuiet.has(entity)) return
    this.#undoByQuiet.set(entity, await quietTable(this.#session, entity, this.#signal))
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
  }
}
