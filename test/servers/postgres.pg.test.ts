import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, test } from 'vitest'
import { pickMajors } from './find-binaries.ts'
import { describePostgres, freshDatabase, newestMajor } from './fresh-database.ts'
import { startPostgres } from './start-postgres.ts'
import { startTlsPostgres } from './start-tls-postgres.ts'

const signal = AbortSignal.timeout(120_000)
const isShared = Boolean(process.env['TEST_PG_URL'])

async function queryOnce(config: pg.ClientConfig, sql: string): Promise<unknown> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query(sql)).rows[0]
  } finally {
    await client.end()
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describePostgres('freshDatabase()', (major) => {
  test('gives an empty UTF-8 database on a server of the major asked for', async () => {
    await using database = await freshDatabase(major)
    const [row] = await database.query(
      `select current_setting('server_version_num')::int / 10000 as major,
        current_database() as name, pg_encoding_to_char(encoding) as encoding,
        (select count(*)::int from pg_tables where schemaname = 'public') as tables
       from pg_database where datname = current_database()`,
    )
    expect(row).toEqual({ major, name: database.name, encoding: 'UTF8', tables: 0 })
  })

  test('gives a database that others do not see and that goes away', async () => {
    const first = await freshDatabase(major)
    await using second = await freshDatabase(major)
    await first.query('create table t (id int)')
    expect(await second.query(`select to_regclass('t') as t`)).toEqual([{ t: null }])
    await first[Symbol.asyncDispose]()
    await expect(queryOnce({ connectionString: first.url }, 'select 1')).rejects.toThrow(/exist/)
  })

  test.skipIf(isShared)('brings hstore and ICU collations', async () => {
    await using database = await freshDatabase(major)
    await database.query('create extension hstore')
    const sorted = `select 'b' < 'C' collate "en-x-icu" as icu, 'b' < 'C' collate "C" as c`
    expect(await database.query(sorted)).toEqual([{ icu: true, c: false }])
  })
})

describePostgres('startPostgres()', (major) => {
  test.skipIf(isShared)(
    'runs unprivileged with the settings given, and leaves nothing',
    async () => {
      const server = await startPostgres({ major, signal, config: { max_connections: '7' } })
      const row = await queryOnce({ connectionString: server.url }, 'show max_connections')
      expect(row).toEqual({ max_connections: '7' })
      expect(isAlive(server.pid)).toBe(true)
      await server.stop()
      await server.stop()
      expect(isAlive(server.pid)).toBe(false)
      expect(existsSync(dirname(server.dataDir))).toBe(false)
    },
  )

  if (major !== newestMajor()) return

  test.skipIf(isShared)('refuses a wrong password', async () => {
    await using server = await startPostgres({ major, signal })
    const url = new URL(server.url)
    url.password = 'wrong'
    await expect(queryOnce({ connectionString: url.href }, 'select 1')).rejects.toThrow(/password/)
  })

  test.skipIf(isShared)('stops the server when the process that started it is killed', async () => {
    const program = fileURLToPath(new URL('./testing/start-and-wait.ts', import.meta.url))
    const child = spawn(process.execPath, [program, String(major)], { stdio: 'pipe' })
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
    const { pid, folder }: { pid: number; folder: string } = JSON.parse(line)
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    for (let i = 0; i < 200 && (isAlive(pid) || existsSync(folder)); i++) await sleep(50)
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })
})

describePostgres('startTlsPostgres()', (major) => {
  test.skipIf(isShared)(
    'proves itself by its authority and refuses plain connections',
    async () => {
      await using server = await startTlsPostgres({ major, signal })
      const { caFile, otherCaFile, url } = server
      const sql = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
      const verified = `${url}?sslmode=verify-full&sslrootcert=${caFile}`
      expect(await queryOnce({ connectionString: verified }, sql)).toEqual({ ssl: true })
      const doubted = `${url}?sslmode=verify-full&sslrootcert=${otherCaFile}`
      await expect(queryOnce({ connectionString: doubted }, sql)).rejects.toThrow(/certificate/)
      await expect(queryOnce({ connectionString: url }, sql)).rejects.toThrow(/encryption|SSL off/)
    },
  )

  test.skipIf(isShared)('lets a client certificate in and nobody without', async () => {
    const hba = ['hostssl all all 127.0.0.1/32 cert']
    await using server = await startTlsPostgres({ major, signal, hba })
    const { caFile, clientCertFile, clientKeyFile, url } = server
    const anonymous = `${url}?sslmode=verify-full&sslrootcert=${caFile}`
    await expect(queryOnce({ connectionString: anonymous }, 'select 1')).rejects.toThrow()
    const known = `${anonymous}&sslcert=${clientCertFile}&sslkey=${clientKeyFile}`
    const sql = 'select current_user::text as role'
    expect(await queryOnce({ connectionString: known }, sql)).toEqual({ role: 'postgres' })
  })
})

test('pickMajors() takes the usual ones, those wished for, or what there is', () => {
  const pick = (found: number[], wish?: string) => pickMajors(found, { wish, isStrict: false })
  expect(pick([13, 14, 15, 18])).toEqual([13, 15, 18])
  expect(pick([13, 14, 15, 18], '14,18')).toEqual([14, 18])
  expect(pick([13, 14, 15, 18], 'all')).toEqual([13, 14, 15, 18])
  expect(pick([16])).toEqual([16])
  expect(pick([16], '18')).toEqual([])
})

test('pickMajors() keeps a missing major when strict, so that its tests fail', () => {
  expect(pickMajors([15], { wish: undefined, isStrict: true })).toEqual([13, 15, 18])
  expect(pickMajors([15], { wish: '14', isStrict: true })).toEqual([14])
})
