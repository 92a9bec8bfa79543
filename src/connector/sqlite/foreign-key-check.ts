import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '#stdx/app-error'
import { listForeignKeyParts, listTables } from './read-schema.ts'
import { foldName, formatTable, quoteName } from './sql-name.ts'
import { readResultCode, SQLITE } from './sqlite-failure.ts'

/**
 * Notices foreign keys that a transaction leaves broken. SQLite enforces them only for programs that
 * ask for it, so a living database may hold broken ones already: those are none of our doing.
 */
export type ForeignKeyWatch = {
  /** Remembers what is broken in `table` and in those that refer to it, before it is written. */
  watch(table: string): void
  /** So many more may be broken, by table. */
  allow(counts: ReadonlyMap<string, number>): void
  /** @throws connector.constraint-violated when more is broken than was remembered, or is allowed */
  refuseNew(): void
}

export function watchForeignKeys(db: DatabaseSync): ForeignKeyWatch {
  const brokenBefore = new Map<string, ReadonlyMap<string, number>>()
  const allowed = new Map<string, number>()
  return {
    watch(table) {
      for (const name of [table, ...findReferring(db, table)]) {
        if (!brokenBefore.has(name)) brokenBefore.set(name, countBroken(db, name))
      }
    },
    allow(counts) {
      for (const [table, count] of counts) allowed.set(foldName(table), count)
    },
    refuseNew() {
      for (const [table, before] of brokenBefore) {
        let added = 0
        for (const [row, count] of countBroken(db, table)) {
          added += Math.max(count - (before.get(row) ?? 0), 0)
        }
        if (added > (allowed.get(foldName(table)) ?? 0)) throw violated(table)
      }
    },
  }
}

/** How many rows of a table refer to nothing. */
export function countBrokenRows(db: DatabaseSync, table: string): number {
  let total = 0
  for (const count of countBroken(db, table).values()) total += count
  return total
}

function findReferring(db: DatabaseSync, table: string): string[] {
  return listTables(db)
    .filter(({ kind }) => kind === 'table')
    .map(({ name }) => name)
    .filter((name) =>
      listForeignKeyParts(db, name).some((part) => foldName(part.table) === foldName(table)),
    )
}

/** By row and foreign key; rows of a table without rowid cannot be told apart. */
function countBroken(db: DatabaseSync, table: string): Map<string, number> {
  const counts = new Map<string, number>()
  try {
    const statement = db.prepare(`PRAGMA main.foreign_key_check(${quoteName(table)})`)
    statement.setReadBigInts(true)
    for (const { rowid, fkid } of statement.iterate()) {
      const row = `${rowid}:${fkid}`
      counts.set(row, (counts.get(row) ?? 0) + 1)
    }
  } catch (error) {
    // A key that refers to fields without unique index can be declared but never checked.
    if (readResultCode(error) !== SQLITE.error) throw error
  }
  return counts
}

function violated(table: string): AppError {
  const entity = formatTable(table)
  const message = `Cannot commit: found rows of "${entity}" that refer to records that are not there`
  return new AppError('connector.constraint-violated', message, { entity })
}
