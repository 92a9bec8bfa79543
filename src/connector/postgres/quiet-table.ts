import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { readServerError, withoutValues } from './pg-error.ts'
import { quoteEntity } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Keeps the triggers and rules of a table and its partitions from firing in this transaction: what
 * they did when the rows were first written is in the rows, and mails are not sent twice.
 *
 * @returns the statements that put them back, to be run before the commit
 * @throws connector.denied when there are some and the user does not own the table
 */
export async function quietTable(
  session: Session,
  entity: EntityName,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await session.query(FIRING, signal, [quoteEntity(entity)])
  const undo: string[] = []
  for (const [table, what, mode] of found) {
    try {
      await session.query(`alter table only ${table} disable ${what}`, signal)
    } catch (error) {
      if (readServerError(error)?.sqlState !== '42501') throw error
      const message = `Cannot write to "${entity}": its ${what} would fire, and only its owner may keep it from that`
      throw new AppError('connector.denied', message, { entity }, { cause: withoutValues(error) })
    }
    undo.push(`alter table only ${table} enable ${mode}${what}`)
  }
  return undo
}

const FIRING = `with recursive own(oid) as (
    select pg_catalog.to_regclass($1)::oid
    union select i.inhrelid from own join pg_catalog.pg_inherits i on i.inhparent = own.oid
      join pg_catalog.pg_class p on p.oid = i.inhrelid and p.relispartition),
  firing(relation, what, mode) as (
    select tgrelid, pg_catalog.format('trigger %I', tgname), tgenabled
      from pg_catalog.pg_trigger where not tgisinternal and tgenabled in ('O', 'A')
    union all
    select ev_class, pg_catalog.format('rule %I', rulename), ev_enabled
      from pg_catalog.pg_rewrite where rulename <> '_RETURN' and ev_enabled in ('O', 'A'))
  select pg_catalog.format('%I.%I', n.nspname, c.relname), f.what,
    case f.mode when 'A' then 'always ' else '' end
  from own join firing f on f.relation = own.oid
  join pg_catalog.pg_class c on c.oid = own.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by 1, 2`
