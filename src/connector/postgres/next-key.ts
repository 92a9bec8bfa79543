import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { NextKey } from '../connector.ts'
import { ask, type Question } from './catalogue/question.ts'
import { countPast, readNext, TAKES_FROM } from './counters.ts'
import { quoteEntity, quoteName } from './quote.ts'
import type { Session } from './session.ts'

/**
 * The sequence that the primary key's default, or its identity, takes numbers from. One that several tables
 * share gives numbers that are nowhere twice, which only an insert knows to keep.
 */
const KEY_SEQUENCES = {
  sql: `select s.seqincrement::text as increment,
      s.seqmax::text as max, a.attname as field, s.seqrelid::regclass::text as name,
      pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT') as "mayRead"
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    join pg_catalog.pg_sequence s on ${TAKES_FROM}
    where i.indrelid = pg_catalog.to_regclass($1) and i.indisprimary and i.indnatts = 1
      and 2 > (select count(*) from pg_catalog.pg_depend d
        join pg_catalog.pg_attrdef v on v.oid = d.objid
        join pg_catalog.pg_class c on c.oid = v.adrelid and not c.relispartition
        where d.classid = 'pg_catalog.pg_attrdef'::regclass
          and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.seqrelid)`,
  row: z.object({
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
  refuseUnreadable(sequence)
  const step = BigInt(sequence.increment)
  const next = await readNext(session, { name: sequence.name, step }, signal)
  const sql = `select max(${quoteName(sequence.field)})::text from ${quoteEntity(entity)}`
  const [[last] = []] = await session.query(sql, signal)
  const behind = last ? BigInt(last) - next : -1n
  return { next: behind < 0n ? next : next + (behind / step + 1n) * step, step }
}

/**
 * Takes numbers up to the last, as `countPast` does.
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
  refuseUnreadable(sequence)
  const { increment, name } = sequence
  await countPast(session, { name, step: BigInt(increment) }, { signal, to: last })
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
function refuseUnreadable({ mayRead, name }: KeySequence): void {
  if (mayRead) return
  const message = `Cannot number records: sequence "${name}" may not be read, need GRANT SELECT, USAGE, UPDATE ON SEQUENCE ${name}`
  throw new AppError('connector.denied', message, { sequence: name })
}
