import * as z from 'zod'
import { isNotOfExtension, isUserSchema, type Question } from './question.ts'

/**
 * Rows of every table as its last ANALYZE saw them, those of partitions under their root. A table
 * that nobody analysed counts as empty: as a rule it is too small to be worth it.
 */
export const ESTIMATES = {
  sql: `select n.nspname as schema, r.relname as name,
      pg_catalog.sum(greatest(c.reltuples, 0)::float8) as rows
    from pg_catalog.pg_class c
    join pg_catalog.pg_class r on r.oid =
      case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::oid else c.oid end
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
    where c.relkind = 'r' and c.relpersistence <> 't'
      and ${isUserSchema('n')} and ${isNotOfExtension('pg_class', 'r.oid')}
    group by n.nspname, r.relname`,
  row: z.object({ schema: z.string(), name: z.string(), rows: z.number() }),
} satisfies Question<z.ZodType>
