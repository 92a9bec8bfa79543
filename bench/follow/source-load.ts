import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** Rows changed by each transaction: as of pgbench, three updates and an insert. */
export const CHANGES_EACH = 4
const ACCOUNTS = 100_000

/** The tables of pgbench, with names and texts that are not all alike. */
export async function createTables(client: pg.Client): Promise<void> {
  await client.query(`
    create table branch (id int primary key, balance bigint, name text);
    create table teller (id int primary key, branch int, balance bigint, name text);
    create table account (id int primary key, branch int, balance bigint, holder text, iban text);
    create table history (id bigserial primary key, account int, teller int, branch int, delta int,
      at timestamptz, said text);
    insert into branch select i, 0, 'branch ' || md5(i::text) from generate_series(1, 10) i;
    insert into teller select i, i % 10, 0, 'teller ' || md5(i::text) from generate_series(1, 100) i;
    insert into account select i, i % 10, 0, md5(i::text) || ' GmbH',
      'DE' || lpad((i * 104729::bigint % 999999999)::text, 20, '0') from generate_series(1, ${ACCOUNTS}) i;
    create procedure work(transactions int) language plpgsql as $$
    declare
      a int; t int; b int; delta int;
    begin
      for i in 1..transactions loop
        a := 1 + floor(random() * ${ACCOUNTS}); t := 1 + floor(random() * 100);
        b := 1 + t % 10; delta := floor(random() * 10000) - 5000;
        update account set balance = balance + delta where id = a;
        update teller set balance = balance + delta where id = t;
        update branch set balance = balance + delta where id = b;
        insert into history (account, teller, branch, delta, at, said)
          values (a, t, b, delta, clock_timestamp(), 'paid ' || md5(delta::text));
        commit;
      end loop;
    end $$`)
  await client.query('vacuum analyze')
}

/** As fast as one session can. */
export async function work(client: pg.Client, changes: number): Promise<void> {
  await client.query(`call work(${Math.ceil(changes / CHANGES_EACH)})`)
}

/** One transaction that inserts so many rows. */
export async function insertAtOnce(client: pg.Client, rows: number): Promise<void> {
  await client.query(`insert into history (account, teller, branch, delta, at, said)
    select i % ${ACCOUNTS}, i % 100, i % 10, i % 5000, '2026-06-30 12:00:00+00', 'paid ' || md5(i::text)
    from generate_series(1, ${rows}) i`)
}

/**
 * Writes transactions at a pace until `untilMs` on the clock of `performance.now()`.
 * @returns when each was committed, as its writer knew it, on that clock
 */
export async function workPaced(
  client: pg.Client,
  { changesPerSecond, untilMs }: { changesPerSecond: number; untilMs: number },
): Promise<readonly number[]> {
  const committed: number[] = []
  const startedMs = performance.now()
  const everyMs = (1000 * CHANGES_EACH) / changesPerSecond
  for (let n = 0; performance.now() < untilMs; n++) {
    const earlyMs = startedMs + n * everyMs - performance.now()
    if (earlyMs > 1) await sleep(earlyMs)
    await client.query('call work(1)')
    committed.push(performance.now())
  }
  return committed
}
