import type { DescribedEntity } from '#record/schema'
import { describeByTable } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import type { Relation } from './relation.ts'

/** What the catalogue says now about a relation and the types of its columns. */
export async function describeRelation(
  session: Session,
  { columns, oid }: Relation,
  signal: AbortSignal,
): Promise<{ live: DescribedEntity | undefined; types: readonly string[] }> {
  await session.query('begin isolation level repeatable read read only', signal)
  const live = await describeByTable(session, String(oid), signal)
  const sql = `select pg_catalog.format_type(t.oid, t.modifier)
    from rows from (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int[]))
      with ordinality t(oid, modifier, at) order by t.at`
  const types = await session.query(sql, signal, [
    columns.map(({ typeOid }) => typeOid),
    columns.map(({ typeModifier }) => typeModifier),
  ])
  await session.query('commit', signal)
  return { live, types: types.map(([type]) => type ?? '') }
}
