import * as z from 'zod'
import { isNotOfExtension, isUserSchema, type Question } from './question.ts'

/**
 * What the database holds besides tables, types and sequences, by kind and name: recorded, never put
 * back. Everything that belongs to a temporary object or to an extension is left out.
 */
export const NOT_RESTORED = {
  sql: `select kind, name from (
    ${routines()}
    union all
    select 'trigger', pg_catalog.format('%I on %I.%I', g.tgname, n.nspname, c.relname)
      from pg_catalog.pg_trigger g ${onTable('g.tgrelid')}
      where not g.tgisinternal and g.tgparentid = 0 and ${isUserSchema('n')}
    union all
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
        else 'foreign table' end, pg_catalog.format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('v', 'm', 'f') and ${isUserSchema('n')}
        and ${isNotOfExtension('pg_class', 'c.oid')}
    union all
    select 'table of an extension', pg_catalog.format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and ${isUserSchema('n')}
        and not ${isNotOfExtension('pg_class', 'c.oid')}
    union all
    select 'policy', pg_catalog.format('%I on %I.%I', p.polname, n.nspname, c.relname)
      from pg_catalog.pg_policy p ${onTable('p.polrelid')}
    union all
    select 'row security', pg_catalog.format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relrowsecurity and ${isUserSchema('n')}
    union all
    select 'rule', pg_catalog.format('%I on %I.%I', r.rulename, n.nspname, c.relname)
      from pg_catalog.pg_rewrite r ${onTable('r.ev_class')}
      where r.rulename <> '_RETURN' and ${isUserSchema('n')}
    union all
    select 'grants', pg_catalog.format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where (c.relacl is not null or exists (select from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attacl is not null))
        and c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and ${isUserSchema('n')}
    union all
    select 'default grants', pg_catalog.format('role %I', a.defaclrole::regrole)
      from pg_catalog.pg_default_acl a
    union all
    select 'comment', pg_catalog.format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where exists (select from pg_catalog.pg_description d
          where d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = c.oid)
        and c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and ${isUserSchema('n')}
    union all
    select 'statistics', pg_catalog.format('%I.%I', n.nspname, s.stxname)
      from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
    union all
    select 'operator', pg_catalog.format('%s', o.oid::regoperator)
      from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
      where ${isUserSchema('n')} and ${isNotOfExtension('pg_operator', 'o.oid')}
    union all
    select 'text search configuration', pg_catalog.format('%I.%I', n.nspname, f.cfgname)
      from pg_catalog.pg_ts_config f join pg_catalog.pg_namespace n on n.oid = f.cfgnamespace
      where ${isUserSchema('n')} and ${isNotOfExtension('pg_ts_config', 'f.oid')}
    union all
    select 'text search dictionary', pg_catalog.format('%I.%I', n.nspname, t.dictname)
      from pg_catalog.pg_ts_dict t join pg_catalog.pg_namespace n on n.oid = t.dictnamespace
      where ${isUserSchema('n')} and ${isNotOfExtension('pg_ts_dict', 't.oid')}
    union all
    select 'base type', pg_catalog.format_type(t.oid, null)
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where t.typtype = 'b' and t.typelem = 0 and ${isUserSchema('n')}
        and ${isNotOfExtension('pg_type', 't.oid')}
    union all
    select 'publication', pg_catalog.quote_ident(pubname) from pg_catalog.pg_publication
    union all
    select 'event trigger', pg_catalog.quote_ident(evtname) from pg_catalog.pg_event_trigger v
      where ${isNotOfExtension('pg_event_trigger', 'v.oid')}
    union all
    select 'foreign server', pg_catalog.quote_ident(srvname) from pg_catalog.pg_foreign_server s
      where ${isNotOfExtension('pg_foreign_server', 's.oid')}
    union all
    select 'large objects', pg_catalog.count(*)::text from pg_catalog.pg_largeobject_metadata
      having pg_catalog.count(*) > 0
    ) all_kinds(kind, name) order by kind, name`,
  row: z.object({ kind: z.string(), name: z.string() }),
} satisfies Question<z.ZodType>

function routines(): string {
  return `select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate'
        else 'function' end,
      pg_catalog.format('%I.%I(%s)', n.nspname, p.proname,
        pg_catalog.pg_get_function_identity_arguments(p.oid))
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where ${isUserSchema('n')} and ${isNotOfExtension('pg_proc', 'p.oid')}
      and not exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')`
}

function onTable(oid: string): string {
  return `join pg_catalog.pg_class c on c.oid = ${oid}
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace`
}
