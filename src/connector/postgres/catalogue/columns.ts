import * as z from 'zod'
import type { Question } from './question.ts'

/**
 * The columns of the tables $1 in their order. `missing` is the value that rows older than the
 * column hold, kept by the server since `ADD COLUMN ... DEFAULT`; `baseType` looks through domains.
 *
 * @param version the server's, as `server_version_num`
 */
export function columnsQuestion(version: number): Question<typeof COLUMN> {
  const compression = version >= 140_000 ? "nullif(a.attcompression::text, '')" : 'null'
  const notNull =
    version >= 180_000
      ? `(select pg_catalog.json_build_object('name', k.conname, 'isLocal', k.conislocal,
          'isInherited', not k.connoinherit, 'isValid', k.convalidated)
        from pg_catalog.pg_constraint k
        where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum])`
      : 'null'
  return {
    sql: `select a.attrelid::text as "table", a.attnum::text as number, a.attname as name,
        pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
        a.attnotnull as "isNotNull", ${notNull} as "notNull",
        case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as "default",
        case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as generated,
        nullif(a.attgenerated::text, '') as "generatedKind",
        nullif(a.attidentity::text, '') as identity,
        case when a.attcollation <> t.typcollation and a.attcollation <> 0 then (
          select pg_catalog.format('%I.%I', n.nspname, c.collname) from pg_catalog.pg_collation c
          join pg_catalog.pg_namespace n on n.oid = c.collnamespace where c.oid = a.attcollation)
          end as collation,
        case when a.attstorage <> t.typstorage then a.attstorage::text end as storage,
        ${compression} as compression,
        case when a.attstattarget >= 0 then a.attstattarget::text end as statistics,
        coalesce(a.attoptions, '{}') as options, a.attislocal as "isLocal",
        (a.attmissingval::text::text[])[1] as missing, a.atthasmissing as "hasMissing",
        coalesce(b.typname, '') as "baseType"
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_type t on t.oid = a.atttypid
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      left join lateral (
        with recursive step(oid, base, kind) as (
          select t.oid, t.typbasetype, t.typtype
          union all select u.oid, u.typbasetype, u.typtype
            from step s join pg_catalog.pg_type u on u.oid = s.base and s.kind = 'd')
        select u.typname from step s join pg_catalog.pg_type u on u.oid = s.oid
        where s.kind <> 'd' and u.typnamespace = 'pg_catalog'::regnamespace) b on true
      where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped
      order by a.attrelid, a.attnum`,
    row: COLUMN,
  }
}

const COLUMN = z.object({
  table: z.string(),
  number: z.string(),
  name: z.string(),
  type: z.string(),
  isNotNull: z.boolean(),
  /** From 18 on a constraint of its own. */
  notNull: z
    .object({
      name: z.string(),
      isLocal: z.boolean(),
      isInherited: z.boolean(),
      isValid: z.boolean(),
    })
    .nullable(),
  default: z.string().nullable(),
  generated: z.string().nullable(),
  generatedKind: z.enum(['s', 'v']).nullable(),
  identity: z.enum(['a', 'd']).nullable(),
  collation: z.string().nullable(),
  storage: z.enum(['p', 'e', 'm', 'x']).nullable(),
  compression: z.enum(['p', 'l']).nullable(),
  statistics: z.string().nullable(),
  options: z.array(z.string()),
  isLocal: z.boolean(),
  missing: z.string().nullable(),
  hasMissing: z.boolean(),
  /** Name of the base type when it is one of PostgreSQL's own, else empty. */
  baseType: z.string(),
})

export type ColumnRow = z.output<typeof COLUMN>
