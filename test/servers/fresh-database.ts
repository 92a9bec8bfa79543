import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, inject, test } from 'vitest'
import type { SharedServer } from './servers.setup.ts'

export type FreshDatabase = AsyncDisposable & {
  readonly url: string
  readonly name: string
  readonly major: number
  /** Where the server's programs are; absent for a server that `TEST_PG_URL` named. */
  readonly binDir: string | undefined
  /** Runs SQL, several statements too when there are no parameters. */
  query(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>
}

/**
 * Declares the same tests for every major to test. Without any server they are skipped with a
 * warning, and fail in CI, where a test that could not have its server must not look like a pass.
 */
export function describePostgres(title: string, body: (major: number) => void): void {
  const majors = postgresMajors()
  for (const major of majors) describe(`${title} (PostgreSQL ${major})`, () => body(major))
  if (majors.length > 0) return
  const missing = `${title}: no PostgreSQL found (set TEST_PG_URL, or see test/servers/README.md)`
  if (process.env['CI'] === 'true') {
    test(`${title} has its server`, () => {
      throw new Error(missing)
    })
    return
  }
  console.warn(`\n!!! SKIPPED ${missing}\n`)
  test.skip(missing, () => {})
}

export function postgresMajors(): readonly number[] {
  return inject('servers').majors
}

/** The newest major there is, for tests that gain nothing from running on each. */
export function newestMajor(): number {
  return Math.max(...postgresMajors())
}

/**
 * Creates an empty database on the shared server of `major`; disposing drops it with whoever is
 * still connected.
 *
 * @param createOptions appended to CREATE DATABASE, such as `TEMPLATE template0 ENCODING 'LATIN1'`
 */
export async function freshDatabase(major: number, createOptions = ''): Promise<FreshDatabase> {
  const server = await findServer(major)
  const name = `t_${randomBytes(8).toString('hex')}`
  await runOnce(server.url, `create database ${name} ${createOptions}`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  // Dropping the database cuts this connection too, which is no news.
  client.on('error', () => {})
  await client.connect()
  return {
    url: url.href,
    name,
    major,
    binDir: server.binDir,
    query: async (sql, parameters) => (await client.query(sql, parameters)).rows ?? [],
    async [Symbol.asyncDispose]() {
      await client.end()
      await runOnce(server.url, `drop database if exists ${name} with (force)`)
    },
  }
}

async function findServer(major: number): Promise<SharedServer> {
  const response = await fetch(`${inject('servers').brokerUrl}/${major}`)
  if (!response.ok) throw new Error(await response.text())
  const server: SharedServer = JSON.parse(await response.text())
  return server
}

async function runOnce(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
