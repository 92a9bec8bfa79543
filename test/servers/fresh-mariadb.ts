import { randomBytes } from 'node:crypto'
import mysql from 'mysql2/promise'
import { describe, inject, test } from 'vitest'

export type FreshMariadb = AsyncDisposable & {
  /** An administrator, the database included. */
  readonly url: string
  readonly name: string
  /** Runs SQL, several statements too, in a session that reads standard SQL. */
  query(sql: string): Promise<Record<string, unknown>[]>
}

/**
 * Declares tests that need a MariaDB server. Without one they are skipped with a warning, and fail
 * in CI, where a test that could not have its server must not look like a pass.
 */
export function describeMariadb(title: string, body: () => void): void {
  if (inject('servers').hasMariadb) {
    describe(title, body)
    return
  }
  const missing = `${title}: no MariaDB found (run npm run test:servers as root on Debian, or see test/servers/README.md)`
  if (process.env['CI'] === 'true') {
    test(`${title} has its server`, () => {
      throw new Error(missing)
    })
    return
  }
  console.warn(`\n!!! SKIPPED ${missing}\n`)
  test.skip(missing, () => {})
}

/** The address of the shared server, without a database. */
export async function sharedMariadb(): Promise<string> {
  const response = await fetch(`${inject('servers').brokerUrl}/mariadb`)
  if (!response.ok) throw new Error(await response.text())
  const { url }: { url: string } = JSON.parse(await response.text())
  return url
}

/** Standard quotes and concatenation, no escapes, patient counting, short waits for locks. */
const STANDARD = `SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES',
  max_recursive_iterations = 4294967295, lock_wait_timeout = 3, innodb_lock_wait_timeout = 3,
  time_zone = '+00:00'`

/** Creates an empty database on a server, the shared one unless told otherwise; disposing drops it. */
export async function freshMariadb(server?: string): Promise<FreshMariadb> {
  const shared = server ?? (await sharedMariadb())
  const name = `t_${randomBytes(8).toString('hex')}`
  const connection = await mysql.createConnection({
    uri: shared.replace(/^mariadb:/, 'mysql:'),
    multipleStatements: true,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  connection.on('error', () => {})
  const query = async (sql: string) => {
    const [rows] = await connection.query(sql)
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  }
  const collation = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin'
  await query(`CREATE DATABASE ${name} ${collation}; USE ${name}; ${STANDARD}`)
  return {
    url: `${shared}/${name}`,
    name,
    query,
    async [Symbol.asyncDispose]() {
      await query(`DROP DATABASE IF EXISTS ${name}`).catch(() => {})
      connection.destroy()
    },
  }
}
