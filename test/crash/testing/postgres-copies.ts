import { basename } from 'node:path'
import pg from 'pg'
import { findPostgresBinaries } from '../../servers/find-binaries.ts'
import { startPostgres } from '../../servers/start-postgres.ts'

const TABLES = `
  create table customer (id int primary key, name text not null, iban text unique);
  create table address (customer_id int references customer, kind text, city text,
    primary key (customer_id, kind));
  create table log (at date, said text);
  insert into customer select i, 'Müller ' || i, 'DE' || i from generate_series(1, 400) i;
  insert into address select id, 'billing', md5(name) from customer;
  insert into log select '2026-06-30', 'said ' || i from generate_series(1, 20) i`
const CHANGES = `
  update customer set name = 'changed' where id % 3 = 1;
  delete from address where customer_id % 5 = 2;
  insert into log values (null, 'more')`
const IDLE_WITHIN_MS = 30_000

/** Databases of one server, one for each folder that a fault is tried in. */
export type PostgresCopies = AsyncDisposable & {
  /** Gives the folder a target that differs from its source. The environment that names both. */
  create(folder: string): Promise<Readonly<Record<string, string>>>
  /** The source, from now on, as every target is. */
  spoil(): Promise<void>
  /** All that the target of the folder holds, once nobody is at it. */
  read(folder: string): Promise<string>
  drop(folder: string): Promise<void>
}

/** Starts a server of its own; `undefined` where there is none. */
export async function postgresCopies(): Promise<PostgresCopies | undefined> {
  const majors = [...findPostgresBinaries().keys()]
  if (majors.length === 0) return undefined
  const server = await startPostgres({ major: Math.max(...majors) })
  const urlOf = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  const run = async (name: string, sql: string) => {
    const client = new pg.Client({ connectionString: urlOf(name) })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  const admin = (sql: string) => run('postgres', sql)
  for (const name of ['source', 'spoilt']) {
    await admin(`create database ${name}`)
    await run(name, TABLES)
  }
  await run('spoilt', CHANGES)
  const nameOf = (folder: string) => `of_${basename(folder).replaceAll('-', '_').toLowerCase()}`
  return {
    create: async (folder) => {
      const name = nameOf(folder)
      await admin(`drop database if exists ${name} with (force)`)
      await admin(`create database ${name} template spoilt`)
      return { SOURCE_URL: urlOf('source'), TARGET_URL: urlOf(name) }
    },
    spoil: async () => {
      await run('source', CHANGES)
    },
    read: async (folder) => {
      const name = nameOf(folder)
      await untilAlone(admin, name)
      const tables = await run(
        name,
        `select c.oid::regclass::text as t from pg_class c where c.relkind = 'r'
          and c.relnamespace = 'public'::regnamespace order by 1`,
      )
      const rows: Record<string, string[]> = {}
      for (const { t } of tables) {
        const found = await run(name, `select x::text as row from ${t} x order by 1`)
        rows[t] = found.map(({ row }) => String(row))
      }
      return JSON.stringify(rows)
    },
    drop: async (folder) => {
      await admin(`drop database if exists ${nameOf(folder)} with (force)`)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** The server takes back what was not committed once it has noticed that its client is gone. */
async function untilAlone(
  admin: (sql: string) => Promise<Record<string, unknown>[]>,
  name: string,
): Promise<void> {
  const sql = `select pid from pg_stat_activity where datname = '${name}'`
  const untilMs = performance.now() + IDLE_WITHIN_MS
  while ((await admin(sql)).length > 0) {
    if (performance.now() > untilMs) throw new Error('A session of a process that is gone is there')
  }
}
