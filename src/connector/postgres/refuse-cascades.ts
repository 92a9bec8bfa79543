import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { quoteEntity } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Refuses to delete rows that others refer to with a foreign key that would delete or change those
 * others: nothing is written that no plan names.
 *
 * @param doomed SQL condition on `target`, true for the rows that will be deleted
 * @throws connector.constraint-violated naming the foreign key
 */
export async function refuseCascades(
  session: Session,
  {
    entity,
    from,
    doomed,
    signal,
  }: {
    entity: EntityName
    from: string
    doomed: string
    signal: AbortSignal
  },
): Promise<void> {
  const found = await session.query(CASCADES, signal, [quoteEntity(entity)])
  for (const [name, table, join] of found) {
    const sql = `select from ${from} target join ${table} child on ${join} where ${doomed} limit 1`
    const rows = await session.query(sql, signal)
    if (rows.length === 0) continue
    const message = `Cannot delete "${entity}": rows of ${table} refer to it by ${name}, which would change them too`
    throw new AppError('connector.constraint-violated', message, { entity, constraint: name })
  }
}

/** Foreign keys to the table whose ON DELETE does something; a row that refers to itself may go. */
const CASCADES = `select k.conname, pg_catalog.format('%I.%I', n.nspname, c.relname),
    (select pg_catalog.string_agg(
        pg_catalog.format('child.%I = target.%I', a.attname, r.attname), ' and ')
      from unnest(k.conkey, k.confkey) p(own, referenced)
      join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.own
      join pg_catalog.pg_attribute r on r.attrelid = k.confrelid and r.attnum = p.referenced)
    || case when k.conrelid = k.confrelid then ' and child.ctid <> target.ctid' else '' end
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and k.conparentid = 0 and k.confdeltype in ('c', 'n', 'd')
    and k.confrelid = pg_catalog.to_regclass($1)
  order by 1`
