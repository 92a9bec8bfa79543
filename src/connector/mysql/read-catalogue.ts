import { type EntityName, formatEntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity } from '#record/schema'
import {
  readColumns,
  readForeignKeys,
  readOthers,
  readTables,
  readUniqueIndexes,
  type TableRow,
} from './catalogue.ts'
import { describeEntity } from './describe-table.ts'
import { quoteUser, requireWholeView } from './grants.ts'
import { ERRNO, readServerError } from './mysql-error.ts'
import { entityOf, quoteName, quoteNames } from './quote.ts'
import type { Session } from './session.ts'
import { isStaged } from './staged-tables.ts'

const TABLE_KINDS = new Set(['BASE TABLE', 'SYSTEM VERSIONED'])
const OTHER_KINDS: Readonly<Record<string, string>> = {
  VIEW: 'view',
  'SYSTEM VIEW': 'view',
  SEQUENCE: 'sequence',
}

/**
 * Describes every table of the database, in the session's transaction. Two short statements a table;
 * none reads rows.
 *
 * @throws connector.denied when tables may be hidden from the user
 */
export async function readCatalogue(
  session: Session,
  mayRead: (entity: EntityName) => boolean,
  signal: AbortSignal,
): Promise<Catalogue> {
  await requireWholeView(session, signal)
  const all = await readTables(session, signal)
  const tables = all.filter(({ kind, table }) => TABLE_KINDS.has(kind) && !isStaged(table))
  const entities = await describeTables(session, tables, signal)
  const others = all.flatMap(({ kind, table }) => {
    const named = OTHER_KINDS[kind]
    return named === undefined ? [] : [{ kind: named, name: formatEntityName([table]) as string }]
  })
  const versioned = tables
    .filter(({ kind }) => kind === 'SYSTEM VERSIONED')
    .map(({ table }) => ({ kind: 'history of a table', name: formatEntityName([table]) as string }))
  const counted = tables.filter(
    ({ counter, table }) => counter !== null && mayRead(entityOf(table)),
  )
  return {
    entities,
    definition: {},
    sequences: Object.fromEntries(
      counted.map(({ counter, table }) => [entityOf(table), counter ?? '']),
    ),
    notRestored: [...others, ...versioned, ...(await readOthers(session, signal))],
  }
}

async function describeTables(
  session: Session,
  tables: readonly TableRow[],
  signal: AbortSignal,
  only?: string,
): Promise<DescribedEntity[]> {
  const [[database, user] = []] = await session.query('SELECT DATABASE(), CURRENT_USER()', signal)
  const columns = Map.groupBy(await readColumns(session, signal, only), ({ table }) => table)
  const indexes = Map.groupBy(await readUniqueIndexes(session, signal, only), ({ table }) => table)
  const foreignKeys = Map.groupBy(
    await readForeignKeys(session, signal, only),
    ({ table }) => table,
  )
  const described: DescribedEntity[] = []
  for (const table of tables) {
    const own = columns.get(table.table) ?? []
    const names = own.map(({ name }) => name)
    const access = await readAccess(session, table, { names, user: user ?? '', signal })
    described.push(
      describeEntity({
        database: database ?? '',
        table,
        columns: own,
        indexes: indexes.get(table.table) ?? [],
        foreignKeys: foreignKeys.get(table.table) ?? [],
        ...access,
      }),
    )
  }
  return described
}

/** Describes one table as it is now; `undefined` when there is none. */
export async function describeOne(
  session: Session,
  table: string,
  signal: AbortSignal,
): Promise<DescribedEntity | undefined> {
  const all = await readTables(session, signal, table)
  const found = all.filter((one) => one.table === table && TABLE_KINDS.has(one.kind))
  try {
    const [described] = await describeTables(session, found, signal, table)
    return described
  } catch (error) {
    // It was dropped or altered between two questions.
    if (!isChanging(error)) throw error
    return undefined
  }
}

/** Whether a table went, or became another, while it was asked about. */
export function isChanging(error: unknown): boolean {
  const errno = readServerError(error)?.errno
  return errno === ERRNO.noTable || errno === ERRNO.badField
}

type Access = { readonly create: string; readonly missingGrant: string | null }

/** Whether every row and field may be read, found out by asking for them. */
async function readAccess(
  session: Session,
  { engine, table }: TableRow,
  { names, signal, user }: { names: readonly string[]; user: string; signal: AbortSignal },
): Promise<Access> {
  const name = quoteName(table)
  try {
    const fields = names.length === 0 ? '' : `, ${quoteNames(names)}`
    await session.query(`SELECT t.*${fields} FROM ${name} t LIMIT 0`, signal)
    const [[, create] = []] = await session.query(`SHOW CREATE TABLE ${name}`, signal)
    // Another engine knows no snapshot: its rows would not be those of the cut.
    const missingGrant = engine === 'InnoDB' ? null : `ALTER TABLE ${name} ENGINE=InnoDB;`
    return { create: create ?? '', missingGrant }
  } catch (error) {
    const errno = readServerError(error)?.errno
    if (errno !== ERRNO.tableDenied && errno !== ERRNO.columnDenied) throw error
    const [[database] = []] = await session.query('SELECT DATABASE()', signal)
    const place = `${quoteName(database ?? '')}.${name}`
    return { create: '', missingGrant: `GRANT SELECT ON ${place} TO ${quoteUser(user)};` }
  }
}
