import type { DescribedEntity } from '#record/schema'
import { type Counter, findEnd } from '../counter.ts'
import { readTables } from './catalogue.ts'
import { mayInsert } from './grants.ts'
import { readServerError } from './mysql-error.ts'
import { quoteName, quoteText, tableOf } from './quote.ts'
import type { Session } from './session.ts'

/** AUTO_INCREMENT, which rows move, and sequences that a default takes numbers from, which they do not. */
export async function readCounters(
  session: Session,
  { entity }: Pick<DescribedEntity, 'entity'>,
  signal: AbortSignal,
): Promise<Counter[]> {
  const table = tableOf(entity)
  const found = await session.query(
    `SELECT COLUMN_NAME, COLUMN_DEFAULT, EXTRA FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${quoteText(table)}
        AND (EXTRA LIKE '%auto_increment%' OR COLUMN_DEFAULT LIKE 'nextval(%')
      ORDER BY ORDINAL_POSITION`,
    signal,
  )
  const counters: Counter[] = []
  for (const [field, byDefault, extra] of found) {
    if (/auto_increment/i.test(extra ?? '')) {
      const tables = await readTables(session, signal, table)
      const counter = tables.find((one) => one.table === table)?.counter ?? '1'
      const name = `AUTO_INCREMENT of ${quoteName(table)}`
      counters.push({ field: field ?? '', name, step: 1n, next: BigInt(counter), moving: null })
      continue
    }
    const names = readSequence(byDefault ?? '')
    if (names === null) continue
    counters.push(await readSequenceCounter(session, { field: field ?? '', ...names }, signal))
  }
  return counters
}

/** SETVAL moves up only, and takes part in no transaction. One that is refused ends none. */
export async function moveCounter(
  session: Session,
  counter: Counter,
  { signal, to }: { readonly signal: AbortSignal; readonly to: bigint },
): Promise<string | null> {
  const ends = findEnd(counter, to)
  if (ends !== null) return ends
  try {
    await session.query(`SELECT SETVAL(${counter.name}, ${to})`, signal)
    return null
  } catch (error) {
    const server = readServerError(error)
    if (server === undefined) throw error
    return server.text
  }
}

type NamedSequence = {
  readonly field: string
  readonly database: string
  readonly sequence: string
}

async function readSequenceCounter(
  session: Session,
  { database, field, sequence }: NamedSequence,
  signal: AbortSignal,
): Promise<Counter> {
  const name = `${quoteName(database)}.${quoteName(sequence)}`
  const facts = await readFacts(session, name, signal)
  const may = facts !== null && (await mayInsert(session, { database, table: sequence }, signal))
  const missingGrant = may ? null : `GRANT SELECT, INSERT ON ${name}`
  const { end = MAX_BIGINT, next = null, step = 1n } = facts ?? {}
  const sql = (to: bigint) => `SELECT SETVAL(${name}, ${to});`
  return { field, name, step, next, moving: { end, missingGrant, sql } }
}

/** `null` where the user may not look, or the sequence is gone. */
async function readFacts(session: Session, name: string, signal: AbortSignal) {
  try {
    const [[after = '1', increment = '1', cache = '0', least = '1', most = '1'] = []] =
      await session.query(
        `SELECT next_not_cached_value, increment, cache_size, minimum_value, maximum_value FROM ${name}`,
        signal,
      )
    // Zero means: the server's own steps.
    const step = BigInt(increment ?? '1') || 1n
    // How many of the numbers that are kept ready were given, the server does not tell.
    const next = BigInt(after ?? '1') - BigInt(cache ?? '0') * step
    return { step, next, end: BigInt((step > 0n ? most : least) ?? '1') }
  } catch (error) {
    if (readServerError(error) === undefined) throw error
    return null
  }
}

/** Database and name in `nextval(...)`, quoted as the session's mode has it; `null` for anything else. */
function readSequence(byDefault: string): { database: string; sequence: string } | null {
  const [, inside = ''] = /^nextval\((.*)\)$/is.exec(byDefault) ?? []
  const parts = [...inside.matchAll(/`((?:[^`]|``)*)`|"((?:[^"]|"")*)"/g)]
  const names = parts.map(([, ticked, quoted]) =>
    ticked === undefined ? (quoted ?? '').replaceAll('""', '"') : ticked.replaceAll('``', '`'),
  )
  const [database, sequence, ...more] = names
  if (database === undefined || sequence === undefined || more.length > 0) return null
  return { database, sequence }
}

const MAX_BIGINT = 9_223_372_036_854_775_806n
