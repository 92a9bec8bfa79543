import pg from 'pg'
import type { Secret } from '#stdx/secret'
import type { TriggerHarness } from '../../testing/contract-system.ts'

/** Triggers in two of the four states that they can be in. */
export const postgresTriggers: TriggerHarness = {
  makeSql: (name, table, op) => [
    `create or replace function note() returns trigger language plpgsql
      as 'begin insert into public.log values (lower(tg_op)); return null; end'`,
    `create trigger "${name}" after ${op} on ${table} for each row execute function note()`,
    ...(op === 'update' ? [`alter table ${table} enable always trigger "${name}"`] : []),
  ],
  read: readTriggers,
  state: 'quiet',
  module: { name: 'postgresConnector', path: '../postgres/postgres-connector.ts' },
}

async function readTriggers(address: Secret): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: address.reveal() })
  await client.connect()
  try {
    const sql = 'select oid, pg_get_triggerdef(oid), tgenabled from pg_trigger order by oid'
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
