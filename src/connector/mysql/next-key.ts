import type { DescribedEntity } from '#record/schema'
import type { NextKey } from '../connector.ts'
import { readTables } from './catalogue.ts'
import { quoteName, quoteText, tableOf } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Above the largest key and AUTO_INCREMENT, on the server's own steps: several masters take turns. An
 * insert that gives a greater number moves the counter past it, and no rollback moves it back.
 */
export async function readNextKey(
  session: Session,
  { entity, key }: DescribedEntity,
  signal: AbortSignal,
): Promise<NextKey | null> {
  const [field, ...more] = key?.fields ?? []
  if (field === undefined || more.length > 0) return null
  const table = tableOf(entity)
  const [counted] = await session.query(
    `SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
      AND TABLE_NAME = ${quoteText(table)} AND EXTRA LIKE '%auto_increment%'`,
    signal,
  )
  if (counted?.[0] !== field) return null
  const found = await readTables(session, signal, table)
  const counter = found.find((one) => one.table === table)?.counter ?? '1'
  const [[last, step, offset] = []] = await session.query(
    `SELECT MAX(${quoteName(field)}), @@GLOBAL.auto_increment_increment,
      @@GLOBAL.auto_increment_offset FROM ${quoteName(table)}`,
    signal,
  )
  const by = BigInt(step ?? '1')
  // The server ignores an offset beyond its steps.
  const first = BigInt(offset ?? '1') > by ? 1n : BigInt(offset ?? '1')
  const least = [BigInt(last ?? '0') + 1n, BigInt(counter), first]
  const from = least.reduce((a, b) => (a > b ? a : b))
  return { next: first + ((from - first + by - 1n) / by) * by, step: by }
}
