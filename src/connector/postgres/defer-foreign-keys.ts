import type { EntityName } from '#record/entity-name'
import { quoteEntity } from './quote.ts'
import type { Session } from './session.ts'

/** A foreign key that was made to wait, and how it was before. */
export type DeferredKey = { readonly alter: string; readonly before: string }

/**
 * Makes the foreign keys among `entities` wait for the commit. Those that are deferrable wait by
 * themselves in a write; the others are altered, in this transaction only. `undefined`, with nothing
 * altered, when the user does not own all tables of the latter.
 */
export async function deferForeignKeys(
  session: Session,
  entities: readonly EntityName[],
  signal: AbortSignal,
): Promise<DeferredKey[] | undefined> {
  const tables = entities.map(quoteEntity)
  const found = await session.query(FOREIGN_KEYS, signal, [tables])
  if (found.some(([, , isOwner]) => isOwner !== 't')) return undefined
  const keys = found.map(([table, name]) => ({
    alter: `alter table ${table} alter constraint ${name}`,
    before: 'not deferrable',
  }))
  for (const { alter } of keys)
    await session.query(`${alter} deferrable initially deferred`, signal)
  return keys
}

/**
 * Checks everything that waited and puts the foreign keys back. In this order: a table with checks
 * still waiting cannot be altered.
 */
export async function undoDeferral(
  session: Session,
  keys: readonly DeferredKey[],
  signal: AbortSignal,
): Promise<void> {
  await session.query('set constraints all immediate', signal)
  for (const { alter, before } of keys) await session.query(`${alter} ${before}`, signal)
}

const FOREIGN_KEYS = `with recursive own(oid) as (
    select pg_catalog.to_regclass(name)::oid from pg_catalog.unnest($1::text[]) name
    union select i.inhrelid from own join pg_catalog.pg_inherits i on i.inhparent = own.oid
      join pg_catalog.pg_class p on p.oid = i.inhrelid and p.relispartition)
  select pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(k.conname),
    pg_catalog.pg_has_role(c.relowner, 'USAGE')
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and k.conparentid = 0 and not k.condeferrable
    and k.conrelid in (select oid from own) and k.confrelid in (select oid from own)
  order by 1, 2`
