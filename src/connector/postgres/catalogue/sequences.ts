import * as z from 'zod'
import { quoteQualified } from '../quote.ts'
import type { Session } from '../session.ts'
import { isNotOfExtension, isUserSchema, type Question } from './question.ts'

/**
 * Every sequence, with the column that owns it: by `serial` or OWNED BY, or as identity (then it is
 * created with the column).
 */
export const SEQUENCES = {
  sql: `select n.nspname as schema, c.relname as name, c.relpersistence = 'u' as "isUnlogged",
      pg_catalog.format_type(s.seqtypid, null) as type, s.seqstart::text as start,
      s.seqincrement::text as increment, s.seqmin::text as min, s.seqmax::text as max,
      s.seqcache::text as cache, s.seqcycle as "isCycle",
      d.refobjid::text as "ownerTable", d.deptype = 'i' as "isIdentity",
      (select a.attname from pg_catalog.pg_attribute a
        where a.attrelid = d.refobjid and a.attnum = d.refobjsubid) as "ownerColumn",
      pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        and pg_catalog.has_sequence_privilege(c.oid, 'SELECT') as "mayRead"
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_sequence s on s.seqrelid = c.oid
    left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass
      and d.objid = c.oid and d.objsubid = 0 and d.deptype in ('a', 'i')
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0
    where c.relkind = 'S' and c.relpersistence <> 't'
      and ${isUserSchema('n')} and ${isNotOfExtension('pg_class', 'c.oid')}
    order by 1, 2`,
  row: z.object({
    schema: z.string(),
    name: z.string(),
    isUnlogged: z.boolean(),
    type: z.string(),
    start: z.string(),
    increment: z.string(),
    min: z.string(),
    max: z.string(),
    cache: z.string(),
    isCycle: z.boolean(),
    ownerTable: z.string().nullable(),
    isIdentity: z.boolean().nullable(),
    ownerColumn: z.string().nullable(),
    mayRead: z.boolean(),
  }),
} satisfies Question<z.ZodType>

export type SequenceRow = z.output<typeof SEQUENCES.row>

/** Sequences asked for in one statement. */
const SEQUENCES_MAX = 200

/** Marks a position that was set but not handed out yet: the next value is the position itself. */
export const UNUSED = ' unused'

/**
 * Positions as text, in the order of `sequences`: the last value handed out, or the next one with
 * `UNUSED` behind it. Sequences are outside every transaction: a position may be ahead of the cut,
 * never behind it.
 */
export async function readPositions(
  session: Session,
  sequences: readonly SequenceRow[],
  signal: AbortSignal,
): Promise<string[]> {
  const positions: string[] = []
  for (let at = 0; at < sequences.length; at += SEQUENCES_MAX) {
    const selects = sequences
      .slice(at, at + SEQUENCES_MAX)
      .map(
        ({ schema, name }, i) =>
          `select ${i}, last_value, is_called from ${quoteQualified(schema, name)}`,
      )
    const rows = await session.query(`${selects.join(' union all ')} order by 1`, signal)
    for (const [, value, isCalled] of rows) {
      positions.push(`${value}${isCalled === 't' ? '' : UNUSED}`)
    }
  }
  return positions
}
