import type { EntityName } from '#record/entity-name'
import { readServerError } from './pg-error.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteQualified } from './quote.ts'
import type { Session } from './session.ts'
import type { UpdatedRows } from './write-rows.ts'

export type TakenUpdate = {
  readonly entity: EntityName
  readonly sql: string
  /** What the update sets. */
  readonly written: readonly string[]
  /** SQL that empties a field of the same rows, where they are to have another value. */
  readonly park: (field: string) => string
}

/**
 * Runs an update. Where one of its rows is to have a unique value that another still holds, the server
 * refuses, for it looks at each row alone: then a field of that constraint is emptied first in all rows
 * that change it, in a field that may not be empty for this transaction only.
 */
export async function exchangeTaken(
  session: Session,
  { entity, park, sql, written }: TakenUpdate,
  signal: AbortSignal,
): Promise<UpdatedRows> {
  const undo: string[] = []
  const parked = new Set<string>()
  for (;;) {
    await session.query(`savepoint ${BEFORE}`, signal)
    try {
      const changedCount = await session.change(sql, signal)
      await session.query(`release savepoint ${BEFORE}`, signal)
      return { changedCount, undo }
    } catch (error) {
      const constraint = takenIn(error)
      if (constraint === undefined || parked.has(constraint)) throw error
      await session.query(`rollback to savepoint ${BEFORE}`, signal)
      const fields = await readParkable(session, { constraint, written }, signal)
      const [first] = fields
      if (first === undefined) throw error
      parked.add(constraint)
      const empty = fields.find(({ isNotNull }) => !isNotNull) ?? first
      if (empty.isNotNull) {
        const alter = `alter table ${quoteEntity(entity)} alter column ${quoteName(empty.name)}`
        if (!(await isAltered(session, `${alter} drop not null`, signal))) throw error
        undo.push(`${alter} set not null`)
      }
      await session.change(park(empty.name), signal)
    }
  }
}

const BEFORE = '"holdfast before the update"'

/** The unique or excluding constraint that an update fell foul of, qualified, as SQL. */
function takenIn(error: unknown): string | undefined {
  const server = readServerError(error)
  const isTaken = server?.sqlState === '23505' || server?.sqlState === '23P01'
  if (!isTaken || server.constraint === null || server.schema === null) return undefined
  return quoteQualified(server.schema, server.constraint)
}

type Parkable = { readonly name: string; readonly isNotNull: boolean }

/** What an index looks at and the update sets, those that may be empty first; none of a primary key. */
async function readParkable(
  session: Session,
  { constraint, written }: { readonly constraint: string; readonly written: readonly string[] },
  signal: AbortSignal,
): Promise<Parkable[]> {
  const sql = `select a.attname, a.attnotnull from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum > 0
      and (a.attnum = any (i.indkey) or exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = i.indexrelid
          and d.refclassid = d.classid and d.refobjid = i.indrelid and d.refobjsubid = a.attnum))
    where i.indexrelid = pg_catalog.to_regclass(${quoteLiteral(constraint)}) and not exists (
      select from pg_catalog.pg_index p where p.indrelid = i.indrelid and p.indisprimary
        and a.attnum = any (p.indkey))
    order by a.attnum`
  const rows = await session.query(sql, signal)
  return rows
    .map(([name, isNotNull]) => ({ name: name ?? '', isNotNull: isNotNull === 't' }))
    .filter(({ name }) => written.includes(name))
}

/** Who does not own a table may not alter it, and nobody may while its checks wait for the commit. */
async function isAltered(session: Session, sql: string, signal: AbortSignal): Promise<boolean> {
  await session.query(`savepoint ${BEFORE}`, signal)
  try {
    await session.query(sql, signal)
    return true
  } catch {
    return false
  }
}
