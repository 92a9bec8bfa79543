import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { type ForeignKeyRow, readReferring } from './catalogue.ts'
import { entityOf, quoteName, quoteNames } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Checks foreign keys before the commit, as the session writes with checks off: nothing cascades,
 * and rows may come in any order. Only what was written is looked at.
 */
export class ForeignKeyWatch {
  readonly #session: Session
  /** Each finds a row that refers to nothing. */
  readonly #checks: { readonly key: ForeignKeyRow; readonly sql: string }[] = []
  #goneCount = 0

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Remembers rows that were added or changed.
   *
   * @param rows SQL of a table with the rows, and of how they are called there
   */
  addReferring(key: ForeignKeyRow, rows: string): void {
    this.#checks.push({ key, sql: danglingSql(key, rows) })
  }

  /**
   * Remembers what is about to be deleted or changed and others may refer to. To be called before.
   *
   * @param rows SQL of a table with the rows as they are now, called `t`
   */
  async addReferred(
    table: string,
    { changed, rows }: { changed: readonly string[] | null; rows: string },
    signal: AbortSignal,
  ): Promise<void> {
    for (const key of await readReferring(this.#session, table, signal)) {
      const isTouched =
        changed === null || key.referencedFields.some((one) => changed.includes(one))
      if (!isTouched) continue
      const gone = `_holdfast_gone_${++this.#goneCount}`
      const columns = key.referencedFields.map((name) => `t.${quoteName(name)}`).join(', ')
      await this.#session.query(
        `CREATE TEMPORARY TABLE ${gone} ENGINE=InnoDB SELECT DISTINCT ${columns} FROM ${rows}`,
        signal,
      )
      const child = `${quoteName(key.childDatabase)}.${quoteName(key.table)}`
      const isSame = key.fields.map(
        (field, i) => `c.${quoteName(field)} = gone.${quoteName(key.referencedFields[i] ?? '')}`,
      )
      const referring = `${gone} gone STRAIGHT_JOIN ${child} c ON ${isSame.join(' AND ')}`
      this.#checks.push({ key, sql: danglingSql(key, referring) })
    }
  }

  /** @throws connector.constraint-violated naming the foreign key */
  async refuseDangling(signal: AbortSignal): Promise<void> {
    for (const { key, sql } of this.#checks) {
      const rows = await this.#session.query(`${sql} LOCK IN SHARE MODE`, signal)
      if (rows.length > 0) throw dangling(key)
    }
  }
}

/** @param referring SQL of rows that are called `c` */
export function danglingSql(key: ForeignKeyRow, referring: string): string {
  const parent = `${quoteName(key.database)}.${quoteName(key.referenced)}`
  const isSame = key.fields.map(
    (field, i) => `p.${quoteName(key.referencedFields[i] ?? '')} = c.${quoteName(field)}`,
  )
  const isSet = key.fields.map((field) => `c.${quoteName(field)} IS NOT NULL`)
  const [first = ''] = key.referencedFields
  return `SELECT 1 FROM ${referring} LEFT JOIN ${parent} p ON ${isSame.join(' AND ')}
    WHERE ${isSet.join(' AND ')} AND p.${quoteName(first)} IS NULL LIMIT 1`
}

export function dangling(key: ForeignKeyRow): AppError {
  const entity: EntityName = entityOf(key.table)
  const parent = entityOf(key.referenced)
  const found = `rows of "${entity}" refer by "${key.name}" to rows of "${parent}" that are not there`
  return new AppError('connector.constraint-violated', `Cannot commit: ${found}`, {
    entity,
    constraint: key.name,
    fields: quoteNames(key.fields),
  })
}
