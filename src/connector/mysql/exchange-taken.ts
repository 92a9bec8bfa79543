import type { EntityName } from '#record/entity-name'
import type { ColumnRow } from './catalogue.ts'
import { ERRNO, readServerError } from './mysql-error.ts'
import { quoteName, quoteNames, tableOf } from './quote.ts'
import { refuseTriggers } from './refuse-triggers.ts'
import type { Session } from './session.ts'

export type TakenUpdate = {
  readonly entity: EntityName
  /** Of the table that is written. */
  readonly columns: readonly ColumnRow[]
  /** What the update sets. */
  readonly changed: readonly string[]
  /** SQL of the rows as they are, called `t`, and as they are to be, called `given`. */
  readonly found: string
  readonly update: () => Promise<number>
}

/**
 * Updates rows. Where one of them is to have a unique value that another still holds, the server
 * refuses, for it looks at each row alone: then all of them are taken out, and come back as they are to
 * be. No foreign key acts meanwhile; they are looked at before the commit.
 *
 * @throws connector.denied when triggers would see rows go and come that are only changed
 */
export async function exchangeTaken(
  {
    nextNumber,
    session,
    signal,
  }: { readonly nextNumber: () => number; readonly session: Session; readonly signal: AbortSignal },
  { changed, columns, entity, found, update }: TakenUpdate,
): Promise<void> {
  try {
    await update()
    return
  } catch (error) {
    // The server has undone this statement, and nothing before it.
    if (readServerError(error)?.errno !== ERRNO.duplicate) throw error
  }
  for (const op of ['delete', 'insert'] as const) {
    await refuseTriggers({ accepted: [], session, signal }, entity, op)
  }
  const names = columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => name)
  const values = names.map((name) => `${changed.includes(name) ? 'given' : 't'}.${quoteName(name)}`)
  const taken = `_holdfast_taken_${nextNumber()}`
  const select = `SELECT ${values.join(', ')} FROM ${found}`
  await session.query(`CREATE TEMPORARY TABLE ${taken} ENGINE=InnoDB ${select}`, signal)
  await session.change(`DELETE t FROM ${found}`, signal)
  const into = `${quoteName(tableOf(entity))} (${quoteNames(names)})`
  await session.change(`INSERT INTO ${into} SELECT ${quoteNames(names)} FROM ${taken}`, signal)
  await session.query(`DROP TEMPORARY TABLE ${taken}`, signal)
}
