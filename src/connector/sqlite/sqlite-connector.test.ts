import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Secret } from '#stdx/secret'
import { testConnector } from '../testing/connector-contract.ts'
import type { ContractSystem } from '../testing/contract-system.ts'
import { sqliteConnector } from './sqlite-connector.ts'

async function freshSystem(): Promise<ContractSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'))
  const path = join(folder, 'system.db')
  const run = (sql: string) => {
    const db = new DatabaseSync(path, { timeout: 500 })
    try {
      db.exec(sql)
    } finally {
      db.close()
    }
  }
  run('PRAGMA journal_mode = WAL')
  return {
    address: new Secret(path),
    async exec(sql) {
      run(`BEGIN; ${sql}; COMMIT`)
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true })
    },
  }
}

testConnector('sqlite', {
  connector: sqliteConnector,
  schema: 'main',
  freshSystem,
  nowhere: new Secret('/nowhere/at/all.db'),
  repeat: (text, count) => `replace(hex(zeroblob(${count})), '00', '${text}')`,
  binary: { type: 'BLOB', value: (count) => `randomblob(${count})` },
  cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER REFERENCES second (id));
    CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));`,
})
