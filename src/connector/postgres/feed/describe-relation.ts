import * as z from 'zod'
import type { DescribedEntity } from '#record/schema'
import { ask, type Question } from '../catalogue/question.ts'
import { describeByTable } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import type { Relation, RelationKeys } from './relation.ts'

/** What the catalogue says now about a relation, the types of its columns and its keys. */
export async function describeRelation(
  session: Session,
  { columns, oid }: Relation,
  signal: AbortSignal,
): Promise<{
  live: DescribedEntity | undefined
  types: readonly string[]
  keys: RelationKeys
}> {
  await session.query('begin isolation level repeatable read read only', signal)
  const live = await describeByTable(session, String(oid), signal)
  const sql = `select pg_catalog.format_type(t.oid, t.modifier)
    from rows from (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int[]))
      with ordinality t(oid, modifier, at) order by t.at`
  const types = await session.query(sql, signal, [
    columns.map(({ typeOid }) => typeOid),
    columns.map(({ typeModifier }) => typeModifier),
  ])
  const keys = (await ask(session, KEYS, signal, [String(oid)])).map(({ fields }) => fields)
  await session.query('commit', signal)
  return {
    live,
    types: types.map(([type]) => type ?? ''),
    keys: live === undefined ? null : keys,
  }
}

const KEYS: Question<z.ZodType<{ fields: string[] }>> = {
  sql: `select pg_catalog.array_agg(a.attname order by k.at) as fields
    from pg_catalog.pg_index x
    cross join lateral pg_catalog.unnest((x.indkey::int2[])[0:x.indnkeyatts - 1])
      with ordinality k(number, at)
    join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number
    where x.indrelid = $1::oid and x.indisunique and x.indimmediate and x.indisvalid
      and x.indpred is null and x.indexprs is null
    group by x.indexrelid`,
  row: z.object({ fields: z.array(z.string()) }),
}
