import type { DatabaseSync } from 'node:sqlite'
import type { EntityName } from '#record/entity-name'
import type { SqliteValue } from './field-form.ts'
import { listColumns } from './read-schema.ts'
import { quoteName, quoteTable, tableName } from './sql-name.ts'
import { callSqlite } from './sqlite-failure.ts'

/** Rows lie here while others are updated; gone with the transaction, or before. */
const TAKEN = 'temp."holdfast taken rows"'

export type ExchangedTable = {
  readonly entity: EntityName
  /** What an update sets, in the order of its values. */
  readonly set: readonly string[]
  /** The condition that finds a row, by marks from a number on. */
  readonly where: (firstMark: number) => string
}

/**
 * Updates of rows whose new unique values other rows still hold. SQLite looks at each row alone, so
 * that two rows could never exchange values: such a row is taken out of its table, and comes back as
 * it is to be once all others are updated. No foreign key acts meanwhile; they are looked at before the
 * commit.
 */
export class ExchangedRows {
  readonly #db: DatabaseSync
  readonly #table: ExchangedTable
  #take: ((set: readonly SqliteValue[], key: readonly SqliteValue[]) => void) | undefined

  constructor(db: DatabaseSync, table: ExchangedTable) {
    this.#db = db
    this.#table = table
  }

  take(set: readonly SqliteValue[], key: readonly SqliteValue[]): void {
    this.#call(() => {
      this.#take ??= this.#prepare()
      this.#take(set, key)
    })
  }

  /** @throws connector.constraint-violated when a value is held by a row that is not updated */
  giveBack(): void {
    if (this.#take === undefined) return
    const names = this.#columns().map(quoteName)
    const into = `INSERT OR ABORT INTO ${quoteTable(this.#table.entity)} (${names.join(', ')})`
    const taken = names.map((_, i) => takenName(i)).join(', ')
    this.#call(() => this.#db.exec(`${into} SELECT ${taken} FROM ${TAKEN}; DROP TABLE ${TAKEN}`))
    this.#take = undefined
  }

  #prepare(): (set: readonly SqliteValue[], key: readonly SqliteValue[]) => void {
    const { entity, set, where } = this.#table
    const from = quoteTable(entity)
    const columns = this.#columns()
    const names = columns.map((name, i) => `${quoteName(name)} AS ${takenName(i)}`)
    this.#db.exec(`CREATE TABLE ${TAKEN} AS SELECT ${names.join(', ')} FROM ${from} LIMIT 0`)
    const values = columns.map((name) => {
      const at = set.indexOf(name)
      return at < 0 ? quoteName(name) : `?${at + 1}`
    })
    const found = `SELECT ${values.join(', ')} FROM ${from} WHERE ${where(set.length + 1)}`
    const copy = this.#db.prepare(`INSERT INTO ${TAKEN} ${found}`)
    const remove = this.#db.prepare(`DELETE FROM ${from} WHERE ${where(1)}`)
    return (setValues, key) => {
      copy.run(...setValues, ...key)
      remove.run(...key)
    }
  }

  #columns(): string[] {
    const columns = listColumns(this.#db, tableName(this.#table.entity))
    return columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => name)
  }

  #call(call: () => void): void {
    callSqlite(`update a row of "${this.#table.entity}"`, 'connector.write-failed', call)
  }
}

/** Names of its own: SQLite gives another one to a column called `true` of a table made by a query. */
function takenName(index: number): string {
  return `c${index}`
}
