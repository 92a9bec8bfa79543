import * as z from 'zod'
import { isNotOfExtension, isUserSchema, type Question } from './question.ts'

/**
 * Every table of the database but those of extensions: ordinary and partitioned ones. Partitions
 * come too, with their `root`; temporary tables do not.
 */
export const TABLES = {
  sql: `select c.oid::text as oid, n.nspname as schema, c.relname as name,
      case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::oid::text end as root
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relpersistence <> 't'
      and ${isUserSchema('n')} and ${isNotOfExtension('pg_class', 'c.oid')}
    order by n.nspname, c.relname`,
  row: z.object({
    oid: z.string(),
    schema: z.string(),
    name: z.string(),
    root: z.string().nullable(),
  }),
} satisfies Question<z.ZodType>

export type TableRow = z.output<typeof TABLES.row>

const name = z.object({ schema: z.string(), name: z.string() })

/** What a table is, apart from its columns. $1: oids. */
export const TABLE_FACTS = {
  sql: `select c.oid::text as oid, c.relkind::text as kind, c.relpersistence = 'u' as "isUnlogged",
      coalesce(c.reloptions, '{}') as options,
      (select coalesce(pg_catalog.array_agg('toast.' || o), '{}')
        from pg_catalog.pg_class t, pg_catalog.unnest(t.reloptions) o
        where t.oid = c.reltoastrelid) as "toastOptions",
      (select a.amname from pg_catalog.pg_am a where a.oid = c.relam and a.amname <> 'heap') as method,
      c.relreplident::text as "replicaIdentity",
      case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end as "partitionKey",
      case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bound,
      (select pg_catalog.json_agg(pg_catalog.json_build_object('schema', pn.nspname, 'name', p.relname)
          order by i.inhseqno)
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class p on p.oid = i.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid) as parents,
      case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end as "ofType"
    from pg_catalog.pg_class c where c.oid = any($1::oid[])`,
  row: z.object({
    oid: z.string(),
    kind: z.enum(['r', 'p']),
    isUnlogged: z.boolean(),
    options: z.array(z.string()),
    toastOptions: z.array(z.string()),
    method: z.string().nullable(),
    replicaIdentity: z.enum(['d', 'n', 'f', 'i']),
    partitionKey: z.string().nullable(),
    bound: z.string().nullable(),
    parents: z.array(name).nullable(),
    ofType: z.string().nullable(),
  }),
} satisfies Question<z.ZodType>

export type TableFactsRow = z.output<typeof TABLE_FACTS.row>

/** Which of the tables $1 the session may read whole, and who it is. */
export const PRIVILEGES = {
  sql: `select c.oid::text as oid,
      pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') as "mayUseSchema",
      pg_catalog.has_table_privilege(c.oid, 'SELECT') or (select coalesce(
          pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')), false)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and a.attgenerated = '') as "maySelect",
      pg_catalog.row_security_active(c.oid) as "isFiltered",
      current_user::text as "user"
    from pg_catalog.pg_class c where c.oid = any($1::oid[])`,
  row: z.object({
    oid: z.string(),
    mayUseSchema: z.boolean(),
    maySelect: z.boolean(),
    isFiltered: z.boolean(),
    user: z.string(),
  }),
} satisfies Question<z.ZodType>

export type PrivilegeRow = z.output<typeof PRIVILEGES.row>
