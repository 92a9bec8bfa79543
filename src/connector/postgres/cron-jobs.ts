import type { SideEffect } from '../side-effect.ts'
import type { Session } from './session.ts'

/**
 * The jobs of `pg_cron` that are active in this database: they run by the clock and find the rows of a
 * restore as they find all others. Jobs that this database does not know of, because they are kept in
 * another one, are not found.
 */
export async function findCronJobs(session: Session, signal: AbortSignal): Promise<SideEffect[]> {
  const [[mayRead] = []] = await session.query(JOB_TABLE, signal)
  if (mayRead === undefined) return []
  const job = (name: string): SideEffect => ({ kind: 'event', name, entity: null, state: 'runs' })
  if (mayRead !== 't') return [job('*')]
  const found = await session.query(JOBS, signal)
  return found.map(([name]) => job(name ?? ''))
}

/** A policy shows everybody their own jobs, which is not all that run. */
const JOB_TABLE = `select pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_table_privilege(c.oid, 'select') and not pg_catalog.row_security_active(c.oid)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'cron' and c.relname = 'job' and c.relkind = 'r' and 3 = (
    select pg_catalog.count(*) from pg_catalog.pg_attribute a where a.attrelid = c.oid
      and a.attname in ('jobid', 'database', 'active'))`

const JOBS = `select coalesce(pg_catalog.to_jsonb(j) ->> 'jobname', j.jobid::text) from cron.job j
  where j.active and j.database = pg_catalog.current_database() order by 1`
