import * as z from 'zod'
import type { Question } from './question.ts'

const CONSTRAINT = z.object({
  table: z.string(),
  name: z.string(),
  kind: z.enum(['p', 'u', 'x', 'c', 'f', 'n']),
  definition: z.string(),
  fields: z.array(z.string()),
  referenced: z.string().nullable(),
  referencedFields: z.array(z.string()),
  onDelete: z.string(),
  onUpdate: z.string(),
  isDeferrable: z.boolean(),
  index: z.string().nullable(),
})

export type ConstraintRow = z.output<typeof CONSTRAINT>

/**
 * The constraints that the tables $1 declare themselves: not those that a partition or child got
 * from its parent. Not-null constraints stand with their columns, but for those not validated.
 */
export const CONSTRAINTS: Question<typeof CONSTRAINT> = {
  sql: `select k.conrelid::text as "table", k.conname as name, k.contype::text as kind,
      pg_catalog.pg_get_constraintdef(k.oid) as definition,
      ${fieldNames('k.conrelid', 'k.conkey')} as fields,
      case when k.contype = 'f' then k.confrelid::text end as referenced,
      ${fieldNames('k.confrelid', 'k.confkey')} as "referencedFields",
      k.confdeltype::text as "onDelete", k.confupdtype::text as "onUpdate",
      k.condeferrable as "isDeferrable",
      (select i.relname from pg_catalog.pg_class i where i.oid = k.conindid) as index
    from pg_catalog.pg_constraint k
    where k.conrelid = any($1::oid[]) and k.contype in ('p', 'u', 'x', 'c', 'f', 'n')
      and (k.contype <> 'f' or k.conparentid = 0)
      and (k.contype <> 'c' or k.conislocal)
      and (k.contype <> 'n' or (k.conislocal and not k.convalidated))
    order by k.conrelid, k.conname`,
  row: CONSTRAINT,
}

const INDEX = z.object({
  table: z.string(),
  name: z.string(),
  definition: z.string(),
  isPrimary: z.boolean(),
  isUnique: z.boolean(),
  /** Over columns of all rows. */
  isWhole: z.boolean(),
  isOfConstraint: z.boolean(),
  isPlain: z.boolean(),
  isClustered: z.boolean(),
  isReplicaIdentity: z.boolean(),
  fields: z.array(z.string()),
})

export type IndexRow = z.output<typeof INDEX>

/**
 * The valid indexes of the tables $1. `isPlain`: every row is in it and every part is a column that
 * is never null, so that a unique one identifies a row. The definition of a partitioned table's
 * index is printed with ONLY, which would leave its partitions without.
 */
export const INDEXES: Question<typeof INDEX> = {
  sql: `select i.indrelid::text as "table", c.relname as name,
      pg_catalog.replace(pg_catalog.pg_get_indexdef(c.oid),
        pg_catalog.format('INDEX %I ON ONLY ', c.relname),
        pg_catalog.format('INDEX %I ON ', c.relname)) as definition,
      i.indisprimary as "isPrimary", i.indisunique as "isUnique",
      exists (select from pg_catalog.pg_constraint k
        where k.conindid = c.oid and k.contype in ('p', 'u', 'x')) as "isOfConstraint",
      i.indpred is null and i.indexprs is null and not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid and not (a.attnotnull and a.attgenerated = '')
          and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1])) as "isPlain",
      i.indpred is null and i.indexprs is null as "isWhole",
      i.indisclustered as "isClustered", i.indisreplident as "isReplicaIdentity",
      ${fieldNames('i.indrelid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')} as fields
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = any($1::oid[]) and i.indisvalid and i.indislive
    order by i.indrelid, c.relname`,
  row: INDEX,
}

/** SQL for the names of the columns that an array of attribute numbers lists, in its order. */
function fieldNames(table: string, numbers: string): string {
  return `(select coalesce(pg_catalog.array_agg(a.attname order by p.at), '{}')
    from pg_catalog.unnest(${numbers}) with ordinality p(number, at)
    join pg_catalog.pg_attribute a on a.attrelid = ${table} and a.attnum = p.number)`
}
