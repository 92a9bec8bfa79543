import type { DatabaseSync } from 'node:sqlite'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { CreatePlan, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import type { Pace } from '../pace.ts'
import { createTables, finishTables } from './create-tables.ts'
import { readForm } from './field-form.ts'
import { watchForeignKeys } from './foreign-key-check.ts'
import { undoUnfinished } from './open-database.ts'
import { readCatalogue } from './read-catalogue.ts'
import { listSql } from './read-schema.ts'
import type { WrittenTable } from './read-values.ts'
import { scanTable } from './scan-table.ts'
import { quoteName, tableName } from './sql-name.ts'
import { callSqlite } from './sqlite-failure.ts'
import { deleteRows, insertRows, updateRows } from './write-rows.ts'

type SqliteWriteParts = {
  readonly pace: Pace
  readonly schemas: readonly SchemaVersion[]
  readonly signal: AbortSignal
}

/**
 * The one transaction of a restore, on a connection that already holds the write lock.
 *
 * Triggers of a written table are dropped when it is first touched and made again before the commit,
 * so that nothing happens that the plan does not name; like everything else it is undone by a
 * rollback. Foreign keys are checked once, before the commit.
 */
export class SqliteWrite implements TargetWrite {
  readonly #db: DatabaseSync
  readonly #pace: Pace
  readonly #signal: AbortSignal
  readonly #watch: ReturnType<typeof watchForeignKeys>
  /** Types of the fields of a row text, by entity and name. */
  readonly #types = new Map<EntityName, ReadonlyMap<string, string>>()
  /** Entities whose types are those of a schema, and not only of what the table holds now. */
  readonly #known = new Set<EntityName>()
  readonly #touched = new Set<EntityName>()
  readonly #triggers: string[] = []

  constructor(db: DatabaseSync, { pace, schemas, signal }: SqliteWriteParts) {
    this.#db = db
    this.#pace = pace
    this.#signal = signal
    this.#watch = watchForeignKeys(db)
    for (const schema of schemas) this.#learnSchema(schema)
  }

  async createTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    createTables(this.#db, plan)
    for (const schema of plan.schemas) {
      this.#learnSchema(schema)
      // What a table of the point held is put back, whatever its foreign keys say of it.
      this.#touched.add(schema.entity)
    }
    return []
  }

  async finishTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return finishTables(this.#db, plan)
  }

  /** Nothing to do: all foreign keys wait for the commit. */
  async deferForeignKeys(): Promise<boolean> {
    return true
  }

  leaveDangling(counts: ReadonlyMap<EntityName, number>): void {
    this.#watch.allow(new Map([...counts].map(([entity, count]) => [tableName(entity), count])))
  }

  async insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    return insertRows(this.#db, this.#openTable(entity, fields), rows, this.#signal)
  }

  async updateRows(entity: EntityName, { key, fields, rows }: KeyedRows): Promise<number> {
    const table = this.#openTable(entity, fields)
    return updateRows(this.#db, { table, key }, rows, this.#signal)
  }

  async deleteRows(entity: EntityName, { key, fields, rows }: KeyedRows): Promise<number> {
    const table = this.#openTable(entity, fields)
    return deleteRows(this.#db, { table, key }, rows, this.#signal)
  }

  scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    return scanTable({ db: this.#db, pace: this.#pace }, entity, fields, signal)
  }

  async commit(): Promise<void> {
    this.#signal.throwIfAborted()
    this.#watch.refuseNew()
    const doing = `commit to "${this.#db.location() ?? 'memory'}"`
    callSqlite(doing, 'connector.write-failed', () => {
      for (const sql of this.#triggers) this.#db.exec(sql)
      this.#db.exec('COMMIT')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#db.isOpen) return
    const path = this.#db.location()
    // A failing disk ends the transaction by itself. Closing rolls back, without failing.
    this.#db.close()
    if (path !== null) undoUnfinished(path)
  }

  #openTable(entity: EntityName, names: readonly string[]): WrittenTable {
    return callSqlite(`write to "${entity}"`, 'connector.write-failed', () => {
      const types = this.#types.get(entity) ?? this.#describeTypes(entity)
      this.#touch(entity)
      const fields = names.map((name) => {
        const type = types.get(name)
        if (type === undefined) throw lacks(entity, `field "${name}"`)
        return { name, form: readForm(type), isFormKnown: this.#known.has(entity) }
      })
      return { entity, fields }
    })
  }

  /** Before the first write of a table: what it holds still tells the types of its fields. */
  #describeTypes(entity: EntityName): ReadonlyMap<string, string> {
    const { entities } = readCatalogue(this.#db, (other) => other === entity)
    const described = entities.find((other) => other.entity === entity)
    if (described === undefined) throw lacks(entity, 'table of this name')
    return this.#learnTypes(described)
  }

  #learnSchema(schema: SchemaVersion): void {
    this.#known.add(schema.entity)
    this.#learnTypes(schema)
  }

  #learnTypes({ entity, fields }: Typed): ReadonlyMap<string, string> {
    const types = new Map(fields.map(({ name, type }) => [name, type]))
    this.#types.set(entity, types)
    return types
  }

  #touch(entity: EntityName): void {
    if (this.#touched.has(entity)) return
    this.#touched.add(entity)
    const table = tableName(entity)
    this.#watch.watch(table)
    for (const { name, sql } of listSql(this.#db, 'trigger', table)) {
      this.#triggers.push(sql)
      this.#db.exec(`DROP TRIGGER main.${quoteName(name)}`)
    }
  }
}

type Typed = {
  readonly entity: EntityName
  readonly fields: readonly { readonly name: string; readonly type: string }[]
}

function lacks(entity: EntityName, what: string): AppError {
  const message = `Cannot write to "${entity}": the target has no ${what}`
  return new AppError('connector.target-changed', message, { entity })
}
