import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { NextKey } from '../connector.ts'
import { ask, type Question } from './catalogue/question.ts'
import { quoteEntity, quoteLiteral, quoteName } from './quote.ts'
import type { Session } from './session.ts'

/** Beyond so many numbers a sequence is set and not counted on: rows have long overtaken it. */
const COUNTED_MAX = 1_000_000n

/**
 * The sequence that the primary key's default, or its identity, takes numbers from. One that several tables
 * share gives numbers that are nowhere twice, which only an insert knows to keep.
 */
const KEY_SEQUENCES = {
  sql: `select s.seqrelid::text as id, s.seqincrement::text as increment,
      s.seqmax::text as max, a.attname as field, s.seqrelid::regclass::text as name,
      pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT') as "mayRead"
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    join pg_catalog.pg_sequence s on
      exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
          and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = a.attrelid
          and d.refobjsubid = a.attnum and d.deptype = 'i')
      or exists (select from pg_catalog.pg_attrdef v
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass
          and d.objid = v.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
        where v.adrelid = a.attrelid and v.adnum = a.attnum and d.refobjid = s.seqrelid)
    where i.indrelid = pg_catalog.to_regclass($1) and i.indisprimary and i.indnatts = 1
      and 2 > (select count(*) from pg_catalog.pg_depend d
        join pg_catalog.pg_attrdef v on v.oid = d.objid
        join pg_catalog.pg_class c on c.oid = v.adrelid and not c.relispartition
        where d.classid = 'pg_catalog.pg_attrdef'::regclass
          and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.seqrelid)`,
  row: z.object({
    id: z.string(),
    increment: z.string(),
    max: z.string(),
    field: z.string(),
    name: z.string(),
    mayRead: z.boolean(),
  }),
} satisfies Question<z.ZodType>

type KeySequence = z.output<typeof KEY_SEQUENCES.row>

/** @throws connector.denied */
export async function readNextKey(
  session: Session,
  { entity, key }: DescribedEntity,
  signal: AbortSignal,
): Promise<NextKey | null> {
  const sequence = await findSequence(session, entity, signal)
  const isOwn = key?.fields.length === 1 && key.fields[0] === sequence?.field
  if (sequence === null || !isOwn) return null
  const { next, step } = await readCounter(session, sequence, signal)
  const sql = `select max(${quoteName(sequence.field)})::text from ${quoteEntity(entity)}`
  const [[last] = []] = await session.query(sql, signal)
  const behind = last ? BigInt(last) - next : -1n
  return { next: behind < 0n ? next : next + (behind / step + 1n) * step, step }
}

/**
 * Takes numbers as an insert would: what others take meanwhile is theirs, and the sequence never goes
 * back. It is outside the transaction, like all sequences.
 * @throws connector.numbers-exhausted with none taken | connector.denied
 */
export async function takeKeys(
  session: Session,
  entity: EntityName,
  { last, signal }: { readonly last: bigint; readonly signal: AbortSignal },
): Promise<void> {
  const sequence = await findSequence(session, entity, signal)
  assert(sequence !== null, 'Keys are taken of what numbers its records.')
  refuseBeyond(sequence, entity, last)
  const name = `${quoteLiteral(sequence.id)}::oid::regclass`
  for (;;) {
    const { next, step } = await readCounter(session, sequence, signal)
    if (next > last) return
    const count = (last - next) / step + 1n
    const sql =
      count > COUNTED_MAX
        ? `select pg_catalog.setval(${name}, ${last})`
        : `select max(pg_catalog.nextval(${name})) from pg_catalog.generate_series(1, ${count})`
    await session.query(sql, signal)
  }
}

function refuseBeyond({ max, name }: KeySequence, entity: EntityName, last: bigint): void {
  if (last <= BigInt(max)) return
  const found = `sequence "${name}" ends at ${max}, before there are enough`
  const message = `Cannot take numbers of "${entity}": ${found}`
  throw new AppError('connector.numbers-exhausted', message, { entity, sequence: name })
}

/** `null` where there is none, or where the default takes numbers from several. */
async function findSequence(
  session: Session,
  entity: EntityName,
  signal: AbortSignal,
): Promise<KeySequence | null> {
  const found = await ask(session, KEY_SEQUENCES, signal, [quoteEntity(entity)])
  const [sequence, ...more] = found
  const isUp = sequence !== undefined && BigInt(sequence.increment) > 0n
  return isUp && more.length === 0 ? sequence : null
}

/** @throws connector.denied */
async function readCounter(
  session: Session,
  { increment, mayRead, name }: KeySequence,
  signal: AbortSignal,
): Promise<NextKey> {
  if (!mayRead) {
    const message = `Cannot number records: sequence "${name}" may not be read, need GRANT SELECT, USAGE, UPDATE ON SEQUENCE ${name}`
    throw new AppError('connector.denied', message, { sequence: name })
  }
  const sql = `select last_value::text, is_called from ${name}`
  const [[last = '0', isCalled] = []] = await session.query(sql, signal)
  const step = BigInt(increment)
  return { next: BigInt(last ?? '0') + (isCalled === 't' ? step : 0n), step }
}
