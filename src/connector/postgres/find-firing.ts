import type { EntityName } from '#record/entity-name'
import type { SideEffect, WriteOp } from '../side-effect.ts'
import { quoteEntity } from './quote.ts'
import type { Session } from './session.ts'

/** A trigger or rule of a table, or of one of its partitions, that is switched on. */
export type Firing = {
  readonly effect: SideEffect
  /** The table that it is on, as SQL. */
  readonly table: string
  /** As `ALTER TABLE ... DISABLE` names it. */
  readonly what: string
  /** What `ENABLE` says to bring it back as it was. */
  readonly mode: string
  readonly ops: readonly WriteOp[]
}

/**
 * Whatever a write to the table may set off. Not the triggers that the server made itself, which
 * enforce foreign keys, unique and exclusion constraints: those stay on.
 */
export async function findFiring(
  session: Session,
  entity: EntityName,
  signal: AbortSignal,
): Promise<Firing[]> {
  const found = await session.query(FIRING, signal, [quoteEntity(entity)])
  return found.map(([table, kind, name, what, mode, ops, isOwner]) => ({
    effect: {
      kind: kind === 'rule' ? 'rule' : 'trigger',
      name: name ?? '',
      entity,
      state: isOwner === 't' ? 'quiet' : 'runs',
    },
    table: table ?? '',
    what: what ?? '',
    mode: mode ?? '',
    ops: OPS.filter((op) => ops?.includes(op)),
  }))
}

const OPS: readonly WriteOp[] = ['insert', 'update', 'delete']

/**
 * The copies of a trigger on partitions were called internal before 15, where those of foreign keys
 * had no parent. What is for a statement counts only on the table that it names. An update that moves a row to another partition is a delete and an insert there.
 * Rules on INSERT are not asked by COPY, which is how rows are added.
 */
const FIRING = `with recursive own(oid, place) as (
    select c.oid, 0 from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass($1)
    union select i.inhrelid, own.place + 1 from own
      join pg_catalog.pg_inherits i on i.inhparent = own.oid
      join pg_catalog.pg_class p on p.oid = i.inhrelid and p.relispartition),
  firing(relation, kind, name, mode, is_row, ops) as (
    select tgrelid, 'trigger', tgname, tgenabled, tgtype & 1 <> 0,
        pg_catalog.concat_ws(' ', case when tgtype & 4 <> 0 then 'insert' end,
          case when tgtype & 16 <> 0 then 'update' end, case when tgtype & 8 <> 0 then 'delete' end)
      from pg_catalog.pg_trigger
      where not tgisinternal or tgparentid <> 0
        and pg_catalog.current_setting('server_version_num')::int < 150000
    union all
    select ev_class, 'rule', rulename, ev_enabled, false,
        case ev_type when '2' then 'update' else 'delete' end
      from pg_catalog.pg_rewrite where ev_type in ('2', '4'))
  select pg_catalog.format('%I.%I', n.nspname, c.relname), f.kind,
    case own.place when 0 then f.name else pg_catalog.format('%s on %s.%s', f.name, n.nspname, c.relname) end,
    pg_catalog.format('%s %I', f.kind, f.name),
    case f.mode when 'A' then 'always ' else '' end,
    case when f.ops <> '' and (own.place > 0 or c.relkind = 'p') then f.ops || ' update' else f.ops end,
    pg_catalog.pg_has_role(c.relowner, 'USAGE')
  from own join firing f on f.relation = own.oid
  join pg_catalog.pg_class c on c.oid = own.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where f.mode in ('O', 'A') and f.ops <> '' and (own.place = 0 or f.is_row) order by own.place, 1, 4`
