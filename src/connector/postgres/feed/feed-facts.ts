import * as z from 'zod'
import { ask, isNotOfExtension, isUserSchema, type Question } from '../catalogue/question.ts'
import { quoteLiteral } from '../quote.ts'
import { readServerVersion } from '../read-catalogue.ts'
import type { Session } from '../session.ts'

/** What the server says about itself, the role, the publication and the slot of a feed. */
export type FeedFacts = {
  readonly version: number
  readonly server: z.output<typeof SERVER.row>
  readonly publication: z.output<typeof PUBLICATION> | undefined
  readonly slot: SlotFacts | undefined
  /** Tables that have rows of their own: ordinary ones and partitions without partitions. */
  readonly tables: readonly FeedTable[]
}

export async function readFeedFacts(
  session: Session,
  name: string,
  signal: AbortSignal,
): Promise<FeedFacts> {
  const version = await readServerVersion(session, signal)
  const [server] = await ask(session, SERVER, signal)
  if (server === undefined) throw new Error('The server told nothing of itself.')
  const [publication] = await ask(session, publicationQuestion(version, name), signal)
  return {
    version,
    server,
    publication,
    slot: await readSlot(session, { name, version }, signal),
    tables: await ask(session, tablesQuestion(version, name), signal),
  }
}

/** How much log the server keeps for slots; `null`: no bound. */
export async function readKeepBytesMax(
  session: Session,
  signal: AbortSignal,
): Promise<number | null> {
  const [server] = await ask(session, SERVER, signal)
  return server?.keepBytesMax ?? null
}

export async function readSlot(
  session: Session,
  { name, version }: { name: string; version: number },
  signal: AbortSignal,
): Promise<SlotFacts | undefined> {
  const [slot] = await ask(session, slotQuestion(version, name), signal)
  return slot
}

const SERVER = {
  sql: `select pg_catalog.current_setting('wal_level') as "walLevel",
      pg_catalog.current_setting('max_replication_slots')::int as "slotsMax",
      (select count(*)::int from pg_catalog.pg_replication_slots) as "slotCount",
      pg_catalog.current_setting('max_wal_senders')::int as "sendersMax",
      (select count(*)::int from pg_catalog.pg_stat_get_wal_senders()) as "senderCount",
      (select pg_catalog.pg_size_bytes(setting || unit) from pg_catalog.pg_settings
        where name = 'max_slot_wal_keep_size' and setting::bigint >= 0)::float8 as "keepBytesMax",
      pg_catalog.pg_is_in_recovery() as "isStandby",
      pg_catalog.current_setting('synchronous_standby_names') as "syncNames",
      current_user::text as "user", pg_catalog.current_database()::text as database,
      (select r.rolreplication or r.rolsuper or exists (
          select from pg_catalog.pg_roles g where g.rolname in ('rds_replication')
            and pg_catalog.pg_has_role(r.oid, g.oid, 'member'))
        from pg_catalog.pg_roles r where r.rolname = current_user) as "mayReplicate",
      pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as "mayCreate",
      pg_catalog.current_setting('server_encoding') as encoding`,
  row: z.object({
    walLevel: z.string(),
    slotsMax: z.int(),
    slotCount: z.int(),
    sendersMax: z.int(),
    senderCount: z.int(),
    /** `null`: the server keeps the log for a slot until its disk is full. */
    keepBytesMax: z.number().nullable(),
    isStandby: z.boolean(),
    syncNames: z.string(),
    user: z.string(),
    database: z.string(),
    mayReplicate: z.boolean(),
    mayCreate: z.boolean(),
    encoding: z.string(),
  }),
} satisfies Question<z.ZodType>

/** Comment on a publication that Holdfast made, and may drop. */
export const PUBLICATION_MARK = 'Made by Holdfast'

const PUBLICATION = z.object({
  isForAll: z.boolean(),
  publishesAll: z.boolean(),
  isViaRoot: z.boolean(),
  isOwn: z.boolean(),
  /** `start` made it. */
  isOurs: z.boolean(),
  /** Tables of which some rows or columns are held back. */
  narrowed: z.array(z.string()),
})

function publicationQuestion(version: number, name: string): Question<typeof PUBLICATION> {
  const narrowed =
    version >= 150_000
      ? `(select coalesce(pg_catalog.array_agg(r.prrelid::regclass::text), '{}')
          from pg_catalog.pg_publication_rel r where r.prpubid = p.oid
            and (r.prqual is not null or r.prattrs is not null))`
      : `'{}'::text[]`
  return {
    sql: `select p.puballtables as "isForAll", p.pubviaroot as "isViaRoot",
        p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate as "publishesAll",
        pg_catalog.pg_has_role(p.pubowner, 'USAGE') as "isOwn",
        pg_catalog.obj_description(p.oid, 'pg_publication') is not distinct from
          ${quoteLiteral(PUBLICATION_MARK)} as "isOurs", ${narrowed} as narrowed
      from pg_catalog.pg_publication p where p.pubname = ${quoteLiteral(name)}`,
    row: PUBLICATION,
  }
}

const SLOT = z.object({
  plugin: z.string().nullable(),
  database: z.string().nullable(),
  isActive: z.boolean(),
  walStatus: z.string().nullable(),
  /** Bytes that may still be written. */
  safeBytes: z.number().nullable(),
  retainedBytes: z.number().nullable(),
  restartLsn: z.string().nullable(),
  confirmedLsn: z.string().nullable(),
  isTwoPhase: z.boolean(),
  invalidation: z.string().nullable(),
  /** The end of the server's log. */
  endLsn: z.string(),
})

export type SlotFacts = z.output<typeof SLOT>

function slotQuestion(version: number, name: string): Question<typeof SLOT> {
  const twoPhase = version >= 140_000 ? 's.two_phase' : 'false'
  const invalidation =
    version >= 170_000
      ? 's.invalidation_reason'
      : version >= 160_000
        ? `case when s.conflicting then 'conflict' end`
        : 'null::text'
  // Of a server in recovery nothing else can be asked; `check` refuses it before.
  const end = `case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
      else pg_catalog.pg_current_wal_insert_lsn() end`
  return {
    sql: `select s.plugin::text, s.database::text, s.active as "isActive",
        s.wal_status as "walStatus", s.safe_wal_size::float8 as "safeBytes",
        pg_catalog.pg_wal_lsn_diff(${end}, s.restart_lsn)::float8 as "retainedBytes",
        s.restart_lsn::text as "restartLsn", s.confirmed_flush_lsn::text as "confirmedLsn",
        ${twoPhase} as "isTwoPhase", ${invalidation} as invalidation, (${end})::text as "endLsn"
      from pg_catalog.pg_replication_slots s where s.slot_name = ${quoteLiteral(name)}`,
    row: SLOT,
  }
}

const TABLE = z.object({
  oid: z.string(),
  schema: z.string(),
  name: z.string(),
  /** The table it is a partition of at whatever depth, or itself. */
  root: z.string(),
  rootSchema: z.string(),
  rootName: z.string(),
  isUnlogged: z.boolean(),
  /** `d` the primary key, `n` nothing, `f` the whole row, `i` an index. */
  identity: z.enum(['d', 'n', 'f', 'i']),
  /** Columns of a row that is replaced or deleted which the stream sends; empty: none. */
  identityFields: z.array(z.string()),
  /** Unique indexes that may become the identity. */
  indexes: z.array(
    z.object({ name: z.string(), isPrimary: z.boolean(), fields: z.array(z.string()) }),
  ),
  isPublished: z.boolean(),
  isOwn: z.boolean(),
  /** Whether values lie out of line: those an update leaves as they are, the log does not tell. */
  hasLargeValues: z.boolean(),
  /** Whether the server refuses UPDATE and DELETE once it is published with the identity FULL. */
  isRefusedInFull: z.boolean(),
})

export type FeedTable = z.output<typeof TABLE>

function tablesQuestion(version: number, publication: string): Question<typeof TABLE> {
  // From 18 on an identity may hold no generated column that the publication leaves out.
  const isRefused =
    version >= 180_000
      ? `exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid
          and a.attgenerated <> '' and not a.attisdropped and not (a.attgenerated = 's'
            and exists (select from pg_catalog.pg_publication p
              where p.pubname = ${quoteLiteral(publication)} and p.pubgencols = 's')))`
      : 'false'
  return {
    sql: `with published(schema, name) as materialized (
        select schemaname, tablename from pg_catalog.pg_publication_tables
        where pubname = ${quoteLiteral(publication)})
      select c.oid::text as oid, n.nspname as schema, c.relname as name, r.oid::text as root,
        rn.nspname as "rootSchema", r.relname as "rootName", c.relpersistence = 'u' as "isUnlogged",
        c.relreplident::text as identity, pg_catalog.pg_has_role(r.relowner, 'USAGE') as "isOwn",
        coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)) > 0, false) as "hasLargeValues",
        ${isRefused} as "isRefusedInFull",
        coalesce(i.indexes, '[]') as indexes, coalesce(case c.relreplident
          when 'd' then (select x->'fields' from pg_catalog.json_array_elements(i.indexes) x
            where (x->>'isPrimary')::boolean)
          when 'i' then (select x->'fields' from pg_catalog.json_array_elements(i.indexes) x
            where (x->>'isIdentity')::boolean) end, '[]') as "identityFields",
        (n.nspname, c.relname) in (select p.schema, p.name from published p)
          or (rn.nspname, r.relname) in (select p.schema, p.name from published p) as "isPublished"
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_class r on r.oid =
        case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::oid else c.oid end
      join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
      left join lateral (select pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', ic.relname, 'isPrimary', x.indisprimary, 'isIdentity', x.indisreplident,
          'fields', (select pg_catalog.array_agg(a.attname order by k.at)
            from pg_catalog.unnest((x.indkey::int2[])[0:x.indnkeyatts - 1])
              with ordinality k(number, at)
            join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number))
          order by ic.relname) as indexes
        from pg_catalog.pg_index x join pg_catalog.pg_class ic on ic.oid = x.indexrelid
        where x.indrelid = c.oid and x.indisunique and x.indimmediate and x.indisvalid
          and x.indpred is null and x.indexprs is null and not exists (
            select from pg_catalog.pg_attribute a where a.attrelid = c.oid
              and a.attnum = any((x.indkey::int2[])[0:x.indnkeyatts - 1]) and not a.attnotnull)
        ) i on true
      where c.relkind in ('r', 'p') and c.relpersistence <> 't'
        and (c.relkind = 'r' or not exists (
          select from pg_catalog.pg_inherits h where h.inhparent = c.oid))
        and ${isUserSchema('n')} and ${isNotOfExtension('pg_class', 'c.oid')}
      order by rn.nspname, r.relname, n.nspname, c.relname`,
    row: TABLE,
  }
}
