import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A transaction that is open. */
type Open = AsyncDisposable & {
  readonly id: string
  run(sql: string): Promise<void>
  commit(): Promise<void>
}

/**
 * Truncates `scratch` during the first of the two waits of a slot in the making, and begins a
 * transaction during the second, which writes to `other` and then to `scratch`.
 *
 * @param make makes the slot, and is waited for by whoever calls
 * @returns that transaction, still open, when the slot is made or about to be
 */
export async function truncateWhileMaking(url: string, make: () => void): Promise<Open> {
  await using first = await begin(url)
  make()
  await untilAwaited(url, first)
  await using second = await begin(url)
  await run(url, 'truncate scratch')
  await first.commit()
  await untilAwaited(url, second)
  const late = await begin(url)
  await late.run('insert into other values (1)')
  await late.run('insert into scratch values (1)')
  await second.commit()
  return late
}

/** Resolves when somebody waits for the end of the transaction. */
export async function untilAwaited(url: string, { id }: Pick<Open, 'id'>): Promise<void> {
  const sql = `select 1 from pg_locks
    where locktype = 'transactionid' and not granted and transactionid = '${id}'::xid`
  const client = await connect(url)
  while ((await client.query(sql)).rows.length === 0) await sleep(20)
  await client.end()
}

async function begin(url: string): Promise<Open> {
  const client = await connect(url)
  await client.query('begin')
  const [row] = (await client.query('select pg_current_xact_id()::xid as id')).rows
  return {
    id: String(row.id),
    async run(sql) {
      await client.query(sql)
    },
    async commit() {
      await client.query('commit')
    },
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}

export async function run(url: string, sql: string): Promise<void> {
  const client = await connect(url)
  await client.query(sql)
  await client.end()
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}
