import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Secret } from '#stdx/secret'
import { sqliteConnector } from '../sqlite/sqlite-connector.ts'
import type { ConnectorHarness, ContractSystem } from './contract-system.ts'

export type SqliteSystem = ContractSystem & { readonly path: string; readonly folder: string }

/** A database in a folder of its own; `wal` lets readers and writers work side by side. */
export async function freshSqlite(journal: 'wal' | 'delete' = 'wal'): Promise<SqliteSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'))
  const path = join(folder, 'system.db')
  run(path, `PRAGMA journal_mode = ${journal}`)
  return {
    path,
    folder,
    address: new Secret(path),
    async exec(sql) {
      run(path, `BEGIN; ${sql}; COMMIT`)
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Statements of another program, which stops at the first that fails. */
export function run(path: string, sql: string): void {
  const db = new DatabaseSync(path, { timeout: 300, enableForeignKeyConstraints: false })
  try {
    db.exec(sql)
  } finally {
    db.close()
  }
}

export const sqliteHarness: ConnectorHarness = {
  connector: sqliteConnector,
  schema: 'main',
  freshSystem: freshSqlite,
  nowhere: new Secret('/nowhere/at/all.db'),
  repeat: (text, count) => `replace(hex(zeroblob(${count})), '00', '${text}')`,
  numbered: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  binary: { type: 'BLOB', value: (count) => `randomblob(${count})` },
  cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER REFERENCES second (id));
    CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));`,
  triggers: {
    // A table is the same in any case, which is how its trigger may name it.
    makeSql: (name, table, op) => [
      `CREATE TRIGGER "${name}" AFTER ${op} ON ${table.toUpperCase()}
        BEGIN INSERT INTO log VALUES ('${op}'); END`,
    ],
    async read(address) {
      const db = new DatabaseSync(address.reveal())
      try {
        return db.prepare("SELECT * FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").all()
      } finally {
        db.close()
      }
    },
    state: 'quiet',
    module: { name: 'sqliteConnector', path: '../sqlite/sqlite-connector.ts' },
  },
}
