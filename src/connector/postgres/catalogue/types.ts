import * as z from 'zod'
import { isNotOfExtension, isUserSchema, type Question } from './question.ts'

/** A schema that holds something of the user's. `public` is there already, wherever one restores. */
export const SCHEMAS = {
  sql: `select n.nspname as name from pg_catalog.pg_namespace n
    where ${isUserSchema('n')} and ${isNotOfExtension('pg_namespace', 'n.oid')} order by 1`,
  row: z.object({ name: z.string() }),
} satisfies Question<z.ZodType>

/** Extensions and the types and operator classes they bring, by name. */
export const EXTENSIONS = {
  sql: `select e.extname as name, n.nspname as schema, (
        select coalesce(pg_catalog.array_agg(distinct m.name order by m.name), '{}') from (
          select d.refobjid, pg_catalog.format_type(t.oid, null) as name
          from pg_catalog.pg_depend d join pg_catalog.pg_type t on t.oid = d.objid
          where d.classid = 'pg_catalog.pg_type'::regclass and d.deptype = 'e' and t.typelem = 0
            and d.refclassid = 'pg_catalog.pg_extension'::regclass
          union all select d.refobjid, o.opcname
          from pg_catalog.pg_depend d join pg_catalog.pg_opclass o on o.oid = d.objid
          where d.classid = 'pg_catalog.pg_opclass'::regclass and d.deptype = 'e'
            and d.refclassid = 'pg_catalog.pg_extension'::regclass) m(extension, name)
        where m.extension = e.oid) as types
    from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql' order by 1`,
  row: z.object({ name: z.string(), schema: z.string(), types: z.array(z.string()) }),
} satisfies Question<z.ZodType>

const typeName = { schema: z.string(), name: z.string(), type: z.string() }
const TYPE_NAME = `n.nspname as schema, t.typname as name, pg_catalog.format_type(t.oid, null) as type`
const TYPE_FROM = `pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace`
const TYPE_IS_OURS = `${isUserSchema('n')} and ${isNotOfExtension('pg_type', 't.oid')}`

export const ENUMS = {
  sql: `select ${TYPE_NAME}, (
        select coalesce(pg_catalog.array_agg(e.enumlabel order by e.enumsortorder), '{}')
        from pg_catalog.pg_enum e where e.enumtypid = t.oid) as labels
    from ${TYPE_FROM} where t.typtype = 'e' and ${TYPE_IS_OURS} order by 1, 2`,
  row: z.object({ ...typeName, labels: z.array(z.string()) }),
} satisfies Question<z.ZodType>

export const DOMAINS = {
  sql: `select ${TYPE_NAME}, pg_catalog.format_type(t.typbasetype, t.typtypmod) as base,
      t.typnotnull as "isNotNull", t.typdefault as "default",
      case when t.typcollation <> b.typcollation and t.typcollation <> 0 then (
        select pg_catalog.format('%I.%I', cn.nspname, c.collname) from pg_catalog.pg_collation c
        join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace where c.oid = t.typcollation)
        end as collation,
      (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname,
          'definition', pg_catalog.pg_get_constraintdef(k.oid)) order by k.conname), '[]')
        from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c') as constraints
    from ${TYPE_FROM} join pg_catalog.pg_type b on b.oid = t.typbasetype
    where t.typtype = 'd' and ${TYPE_IS_OURS} order by 1, 2`,
  row: z.object({
    ...typeName,
    base: z.string(),
    isNotNull: z.boolean(),
    default: z.string().nullable(),
    collation: z.string().nullable(),
    constraints: z.array(z.object({ name: z.string(), definition: z.string() })),
  }),
} satisfies Question<z.ZodType>

/** Stand-alone composite types; the row types of tables come with their tables. */
export const COMPOSITES = {
  sql: `select ${TYPE_NAME}, (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname,
            'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'collation', case when a.attcollation <> at.typcollation and a.attcollation <> 0 then (
              select pg_catalog.format('%I.%I', cn.nspname, co.collname)
              from pg_catalog.pg_collation co
              join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
              where co.oid = a.attcollation) end) order by a.attnum), '[]')
        from pg_catalog.pg_attribute a join pg_catalog.pg_type at on at.oid = a.atttypid
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes
    from ${TYPE_FROM} join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
    where t.typtype = 'c' and ${TYPE_IS_OURS} order by 1, 2`,
  row: z.object({
    ...typeName,
    attributes: z.array(
      z.object({ name: z.string(), type: z.string(), collation: z.string().nullable() }),
    ),
  }),
} satisfies Question<z.ZodType>

/** Range types, with the name of the multirange that majors from 14 on make for each. */
export function rangesQuestion(version: number): Question<typeof RANGE> {
  const multirange =
    version >= 140_000
      ? '(select m.typname from pg_catalog.pg_type m where m.oid = r.rngmultitypid)'
      : 'null'
  return {
    sql: `select ${TYPE_NAME}, pg_catalog.format_type(r.rngsubtype, null) as subtype,
        ${multirange} as multirange,
        case when not o.opcdefault then (
          select pg_catalog.format('%I.%I', opn.nspname, o.opcname) from pg_catalog.pg_namespace opn
          where opn.oid = o.opcnamespace) end as "operatorClass",
        case when r.rngcollation <> 0 and r.rngcollation <> st.typcollation then (
          select pg_catalog.format('%I.%I', cn.nspname, c.collname) from pg_catalog.pg_collation c
          join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace where c.oid = r.rngcollation)
          end as collation,
        case when r.rngcanonical <> 0 then r.rngcanonical::text end as canonical,
        case when r.rngsubdiff <> 0 then r.rngsubdiff::text end as difference
      from ${TYPE_FROM} join pg_catalog.pg_range r on r.rngtypid = t.oid
      join pg_catalog.pg_opclass o on o.oid = r.rngsubopc
      join pg_catalog.pg_type st on st.oid = r.rngsubtype
      where t.typtype = 'r' and ${TYPE_IS_OURS} order by 1, 2`,
    row: RANGE,
  }
}

const RANGE = z.object({
  ...typeName,
  subtype: z.string(),
  multirange: z.string().nullable(),
  operatorClass: z.string().nullable(),
  collation: z.string().nullable(),
  canonical: z.string().nullable(),
  difference: z.string().nullable(),
})

/** Collations made by `CREATE COLLATION`; providers `c` (libc), `i` (ICU), `b` (built in). */
export function collationsQuestion(version: number): Question<typeof COLLATION> {
  const icuLocale =
    version >= 170_000 ? 'c.colllocale' : version >= 150_000 ? 'c.colliculocale' : 'null'
  const rules = version >= 160_000 ? 'c.collicurules' : 'null'
  return {
    sql: `select n.nspname as schema, c.collname as name, c.collprovider::text as provider,
        c.collcollate as collate, c.collctype as ctype, ${icuLocale} as locale,
        ${rules} as rules, c.collisdeterministic as "isDeterministic"
      from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace
      where ${isUserSchema('n')} and ${isNotOfExtension('pg_collation', 'c.oid')} order by 1, 2`,
    row: COLLATION,
  }
}

const COLLATION = z.object({
  schema: z.string(),
  name: z.string(),
  provider: z.string(),
  collate: z.string().nullable(),
  ctype: z.string().nullable(),
  locale: z.string().nullable(),
  rules: z.string().nullable(),
  isDeterministic: z.boolean(),
})
