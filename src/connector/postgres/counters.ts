import * as z from 'zod'
import type { DescribedEntity } from '#record/schema'
import { type Counter, findEnd, mayGive } from '../counter.ts'
import { ask, type Question } from './catalogue/question.ts'
import { readServerError } from './pg-error.ts'
import { quoteEntity, quoteLiteral } from './quote.ts'
import type { Session } from './session.ts'

/** Beyond so many numbers a sequence is set and not counted on: rows have long overtaken it. */
const COUNTED_MAX = 1_000_000n

/** Condition on an attribute `a` and a sequence `s`: its identity, or its default takes numbers from it. */
export const TAKES_FROM = `(exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
          and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = a.attrelid
          and d.refobjsubid = a.attnum and d.deptype = 'i')
      or exists (select from pg_catalog.pg_attrdef v
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass
          and d.objid = v.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
        where v.adrelid = a.attrelid and v.adnum = a.attnum and d.refobjid = s.seqrelid))`

/** Where a default makes something else of the number, a value does not tell which number it was. */
const COUNTERS = {
  sql: `select a.attname as field, s.seqrelid::regclass::text as name, s.seqincrement::text as step,
      (case when s.seqincrement > 0 then s.seqmax else s.seqmin end)::text as end,
      pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        and pg_catalog.has_sequence_privilege(c.oid, 'SELECT') as "mayRead",
      pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        and pg_catalog.has_sequence_privilege(c.oid, 'USAGE, UPDATE') as "mayTake"
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef v on v.adrelid = a.attrelid and v.adnum = a.attnum
    join pg_catalog.pg_sequence s on ${TAKES_FROM}
    join pg_catalog.pg_class c on c.oid = s.seqrelid
    where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
      and (v.oid is null or pg_catalog.pg_get_expr(v.adbin, v.adrelid)
        ~ '^nextval\\(''([^'']|'''')*''::regclass\\)$')
    order by a.attnum, 2`,
  row: z.object({
    field: z.string(),
    name: z.string(),
    step: z.string(),
    end: z.string(),
    mayRead: z.boolean(),
    mayTake: z.boolean(),
  }),
} satisfies Question<z.ZodType>

export async function readCounters(
  session: Session,
  { entity }: Pick<DescribedEntity, 'entity'>,
  signal: AbortSignal,
): Promise<Counter[]> {
  const found = await ask(session, COUNTERS, signal, [quoteEntity(entity)])
  const counters: Counter[] = []
  for (const { end, field, mayRead, mayTake, name, step: text } of found) {
    const step = BigInt(text)
    const next = mayRead ? await readNext(session, { name, step }, signal) : null
    const missingGrant =
      mayRead && mayTake ? null : `GRANT SELECT, USAGE, UPDATE ON SEQUENCE ${name}`
    const sql = (to: bigint) => moveSql({ name, next, step }, to)
    counters.push({ field, name, step, next, moving: { end: BigInt(end), missingGrant, sql } })
  }
  return counters
}

/** In the transaction of a write, which goes on when the server refuses it. */
export async function moveCounter(
  session: Session,
  counter: Counter,
  { signal, to }: { readonly signal: AbortSignal; readonly to: bigint },
): Promise<string | null> {
  const ends = findEnd(counter, to)
  if (ends !== null) return ends
  await session.query('savepoint counter', signal)
  try {
    await countPast(session, counter, { signal, to })
    await session.query('release savepoint counter', signal)
    return null
  } catch (error) {
    const server = readServerError(error)
    if (server === undefined) throw error
    await session.query('rollback to savepoint counter; release savepoint counter', signal)
    return server.text
  }
}

/**
 * Takes numbers as an insert would: what others take meanwhile is theirs, and the sequence never goes
 * back. It is outside the transaction, like all sequences.
 */
export async function countPast(
  session: Session,
  { name, step }: Pick<Counter, 'name' | 'step'>,
  { signal, to }: { readonly signal: AbortSignal; readonly to: bigint },
): Promise<void> {
  const sequence = `${quoteLiteral(name)}::pg_catalog.regclass`
  for (;;) {
    const next = await readNext(session, { name, step }, signal)
    if (!mayGive({ next, step }, to)) return
    const more = (to - next) / step
    const sql =
      more >= COUNTED_MAX
        ? `select pg_catalog.setval(${sequence}, ${next + more * step})`
        : `select max(pg_catalog.nextval(${sequence})) from pg_catalog.generate_series(0, ${more})`
    await session.query(sql, signal)
  }
}

/** The next number that a sequence gives. Its name is as SQL has it. */
export async function readNext(
  session: Session,
  { name, step }: Pick<Counter, 'name' | 'step'>,
  signal: AbortSignal,
): Promise<bigint> {
  const sql = `select last_value::text, is_called from ${name}`
  const [[last, isCalled] = []] = await session.query(sql, signal)
  return BigInt(last ?? '0') + (isCalled === 't' ? step : 0n)
}

/** Past it on the sequence's own steps, where they are known. */
function moveSql(
  { name, next, step }: Pick<Counter, 'name' | 'next' | 'step'>,
  to: bigint,
): string {
  const last =
    next === null || !mayGive({ next, step }, to) ? to : next + ((to - next) / step) * step
  const further = step > 0n ? 'greatest' : 'least'
  return `SELECT setval(${quoteLiteral(name)}, ${further}(last_value, ${last})) FROM ${name};`
}
