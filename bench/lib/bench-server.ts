import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '#test/servers/start-postgres'
import type { BenchOptions } from './options.ts'
import type { Programs } from './programs.ts'
import type { Table } from './tables.ts'

export type BenchServer = AsyncDisposable & {
  /** Creates an empty database, dropping one of that name. */
  createDatabase(name: string): Promise<Database>
  dropDatabase(name: string): Promise<void>
  /** Settings worth knowing when a figure is read. */
  readonly settings: Readonly<Record<string, string>>
}

export type Database = {
  readonly name: string
  readonly url: string
  query(sql: string): Promise<Record<string, unknown>[]>
}

/** A server of its own, set up for loads of this size: no checkpoint or vacuum in the middle. */
export async function startBenchServer(
  { binDir, major }: Programs,
  { isSyncing }: Pick<BenchOptions, 'isSyncing'>,
): Promise<BenchServer> {
  const syncing = isSyncing ? 'on' : 'off'
  const settings = {
    shared_buffers: '512MB',
    max_wal_size: '16GB',
    checkpoint_timeout: '1h',
    maintenance_work_mem: '256MB',
    work_mem: '64MB',
    autovacuum: 'off',
    wal_level: 'replica',
    fsync: syncing,
    synchronous_commit: syncing,
    full_page_writes: syncing,
  }
  const server = await startPostgres({ major, binDir, config: settings })
  const urlOf = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  const dropDatabase = async (name: string) => {
    await runSql(server.url, `drop database if exists ${name} with (force)`)
  }
  return {
    settings,
    dropDatabase,
    async createDatabase(name) {
      await dropDatabase(name)
      await runSql(server.url, `create database ${name}`)
      const url = urlOf(name)
      return { name, url, query: (sql) => runSql(url, sql) }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Makes the table with its rows and its key, and leaves nothing for later to the server. */
export async function fillTable(database: Database, table: Table, rows: number): Promise<void> {
  await database.query(table.create)
  await database.query(table.fill(rows))
  await database.query(`alter table ${table.name} add primary key (${table.key})`)
  await settle(database)
}

/** Changes one row in a hundred and returns how many that were. */
export async function changeRows(database: Database, table: Table, round: number): Promise<number> {
  await database.query(table.change(round))
  await settle(database)
  const rows = await database.query(`select count(*)::int as n from (${table.changed(round)}) rows`)
  return Number(rows[0]?.['n'])
}

/** Work that the server would otherwise do in somebody's measured time. */
export async function settle(database: Database): Promise<void> {
  await database.query('vacuum analyze')
  await database.query('checkpoint')
  await sleep(200)
}

async function runSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
