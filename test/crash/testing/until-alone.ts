import { setTimeout as sleep } from 'node:timers/promises'
import type { FreshDatabase } from '#test/servers/fresh-database'

/** Waits until the server has noticed that a process is gone, and taken back what it had not committed. */
export async function untilAlone({ query }: FreshDatabase): Promise<void> {
  const sql = `select pid from pg_stat_activity where application_name = 'holdfast'
    and datname = current_database()`
  for (let i = 0; i < 600; i++) {
    if ((await query(sql)).length === 0) return
    await sleep(50)
  }
  throw new Error('A session of a process that is gone is still there after 30 s')
}
