import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import type { DeletedRows, KeyedRows } from '../connector.ts'
import { exchangeTaken } from './exchange-taken.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteNames } from './quote.ts'
import { refuseCascades, refuseUpdateCascades } from './refuse-cascades.ts'
import type { Session } from './session.ts'

/** Rows on their way into a table lie here first; gone with the transaction. */
const GIVEN = 'pg_temp."holdfast given rows"'

export type InsertOptions = {
  readonly entity: EntityName
  readonly fields: readonly string[]
  readonly rows: AsyncIterable<RowBatch>
  /** Marks rows as old at once: only for a table that this transaction created. */
  readonly isFrozen: boolean
  readonly signal: AbortSignal
}

/** Adds rows and returns how many. Values of `GENERATED ALWAYS AS IDENTITY` fields are kept. */
export function insertRows(session: Session, options: InsertOptions): Promise<number> {
  const { entity, fields, rows, isFrozen, signal } = options
  const columns = fields.length === 0 ? '' : ` (${quoteNames(fields)})`
  const how = isFrozen ? ' with (freeze)' : ''
  return session.copyIn(`copy ${quoteEntity(entity)}${columns} from stdin${how}`, rows, signal)
}

type Looking = {
  /** A session in no transaction, which sees the definitions of now. */
  readonly look: Session
  readonly signal: AbortSignal
}

export type UpdatedRows = {
  readonly changedCount: number
  /** Statements to run before the commit, once no check of a constraint waits any more. */
  readonly undo: readonly string[]
}

/**
 * Sets the fields that are not in the key on the rows that the key finds. Rows may exchange values
 * that have to be unique.
 *
 * @throws connector.target-changed when not every row is found exactly once
 */
export async function updateRows(
  session: Session,
  entity: EntityName,
  { key, fields, look, rows, signal }: KeyedRows & Looking,
): Promise<UpdatedRows> {
  const givenCount = await loadGiven(session, entity, { fields, rows, signal })
  const { from, identityAlways } = await describeTarget(session, entity, signal)
  const found = `${from} target join ${GIVEN} given on ${isSameKey(key)}`
  const numbered = fields.filter((field) => identityAlways.has(field) && !key.includes(field))
  const renumbered: string[] = []
  for (const field of numbered) {
    if (await isChanged(session, { field, found, signal })) renumbered.push(field)
  }
  const undo = await freeIdentity(session, entity, { fields: renumbered, signal })
  const isSet = (field: string) => !numbered.includes(field) || renumbered.includes(field)
  const written = fields.filter((field) => !key.includes(field) && isSet(field))
  const isGiven = `exists (select from ${GIVEN} given where ${isSameKey(key, 'child')})`
  await refuseUpdateCascades(session, { entity, found, isGiven, look, set: written, signal })
  const set = written.map((field) => `${quoteName(field)} = given.${quoteName(field)}`)
  const sql = `update ${from} target set ${set.join(', ')} from ${GIVEN} given
    where ${isSameKey(key)}`
  const park = (field: string) => {
    const name = quoteName(field)
    return `update ${from} target set ${name} = null from ${GIVEN} given
      where ${isSameKey(key)} and target.${name} is distinct from given.${name}`
  }
  const exchange = { entity, park, sql, written }
  const exchanged =
    set.length > 0
      ? await exchangeTaken(session, exchange, signal)
      : { changedCount: givenCount, undo: [] }
  const { changedCount } = exchanged
  await session.query(`drop table ${GIVEN}`, signal)
  expectAll('update', entity, { givenCount, changedCount })
  return { changedCount, undo: [...undo, ...exchanged.undo] }
}

async function isChanged(
  session: Session,
  { field, found, signal }: { field: string; found: string; signal: AbortSignal },
): Promise<boolean> {
  const name = quoteName(field)
  const sql = `select from ${found} where target.${name} is distinct from given.${name} limit 1`
  return (await session.query(sql, signal)).length > 0
}

/** An update may give such fields a value only while they are not ALWAYS. Returns how to undo it. */
async function freeIdentity(
  session: Session,
  entity: EntityName,
  { fields, signal }: { fields: readonly string[]; signal: AbortSignal },
): Promise<string[]> {
  const undo: string[] = []
  for (const field of fields) {
    const alter = `alter table ${quoteEntity(entity)} alter column ${quoteName(field)} set generated`
    await session.query(`${alter} by default`, signal)
    undo.push(`${alter} always`)
  }
  return undo
}

/**
 * Deletes the rows that the key finds, each exactly once; without a key one equal row per row given.
 *
 * @throws connector.target-changed when not every row is found
 */
export async function deleteRows(
  session: Session,
  entity: EntityName,
  { key, fields, look, rows, signal }: KeyedRows & Looking,
): Promise<number> {
  const givenCount = await loadGiven(session, entity, { fields, rows, signal })
  const { from } = await describeTarget(session, entity, signal)
  const isDoomed = (name: 'child' | 'target') =>
    key.length > 0
      ? `exists (select from ${GIVEN} given where ${isSameKey(key, name)})`
      : `(${name}.tableoid, ${name}.ctid) in (${findEqualRows(from, fields)}
          select found.tableoid, found.ctid from found join given using (row)
          where found.number <= given.wanted)`
  await refuseCascades(session, { entity, from, isDoomed, look, signal })
  const sql =
    key.length > 0
      ? `delete from ${from} target using ${GIVEN} given where ${isSameKey(key)}`
      : deleteEqualRows(from, fields)
  const changedCount = await session.change(sql, signal)
  await session.query(`drop table ${GIVEN}`, signal)
  expectAll('delete', entity, { givenCount, changedCount })
  return changedCount
}

/**
 * The same of several tables in one statement, each by its key: a foreign key acts, or refuses, when the
 * statement is done, and by then what its rows would take along is gone. So rows go whose foreign keys form
 * cycles, and nothing goes with them.
 */
export async function deleteTogether(
  session: Session,
  parts: readonly DeletedRows[],
  { look, signal }: Looking,
): Promise<number> {
  const doomed: (TargetTable & {
    entity: EntityName
    given: string
    count: number
    key: readonly string[]
  })[] = []
  for (const [i, { entity, rows }] of parts.entries()) {
    const given = GIVEN.replace('rows', `rows ${i + 1}`)
    const count = await loadGiven(session, entity, { ...rows, given, signal })
    const table = await describeTarget(session, entity, signal)
    doomed.push({ ...table, entity, given, count, key: rows.key })
  }
  const isDoomedIn =
    ({ given, key }: (typeof doomed)[number]) =>
    (name: 'child' | 'target') =>
      `exists (select from ${given} given where ${isSameKey(key, name)})`
  const others = new Map(doomed.map((one) => [one.oid, isDoomedIn(one)]))
  for (const one of doomed) {
    const { entity, from } = one
    await refuseCascades(session, { entity, from, isDoomed: isDoomedIn(one), look, others, signal })
  }
  const deletes = doomed.map(({ from, given, key }, i) => {
    return `gone${i} as (delete from ${from} target using ${given} given where ${isSameKey(key)} returning 1)`
  })
  const counts = doomed.map((_, i) => `(select pg_catalog.count(*) from gone${i})`)
  const sql = `with ${deletes.join(', ')} select ${counts.join(', ')}`
  const [changed = []] = await session.query(sql, signal)
  let total = 0
  for (const [i, { count: givenCount, entity, given }] of doomed.entries()) {
    await session.query(`drop table ${given}`, signal)
    const changedCount = Number(changed[i])
    expectAll('delete', entity, { givenCount, changedCount })
    total += changedCount
  }
  return total
}

type GivenRows = {
  /** SQL of the table that they are loaded into. */
  readonly given?: string
  readonly fields: readonly string[]
  readonly rows: AsyncIterable<RowBatch>
  readonly signal: AbortSignal
}

async function loadGiven(
  session: Session,
  entity: EntityName,
  { fields, given = GIVEN, rows, signal }: GivenRows,
): Promise<number> {
  const sql = `create temporary table ${given.replace('pg_temp.', '')} on commit drop
    as select ${quoteNames(fields)} from ${quoteEntity(entity)} with no data`
  await session.query(sql, signal)
  const columns = fields.length === 0 ? '' : ` (${quoteNames(fields)})`
  const givenCount = await session.copyIn(`copy ${given}${columns} from stdin`, rows, signal)
  // Without statistics the planner takes a full table for an empty one.
  await session.query(`analyze ${given}`, signal)
  return givenCount
}

type TargetTable = {
  readonly oid: string
  /** The table itself with its partitions, without its children. */
  readonly from: string
  readonly identityAlways: ReadonlySet<string>
}

async function describeTarget(
  session: Session,
  entity: EntityName,
  signal: AbortSignal,
): Promise<TargetTable> {
  const oid = `pg_catalog.to_regclass(${quoteLiteral(quoteEntity(entity))})`
  const sql = `select c.relkind, a.attname, c.oid from pg_catalog.pg_class c
    left join pg_catalog.pg_attribute a
      on a.attrelid = c.oid and a.attidentity = 'a' and not a.attisdropped
    where c.oid = ${oid}`
  const rows = await session.query(sql, signal)
  const only = rows[0]?.[0] === 'p' ? '' : 'only '
  const names = rows.flatMap(([, name]) => (name ? [name] : []))
  const [, , found] = rows[0] ?? []
  return { oid: found ?? '', from: `${only}${quoteEntity(entity)}`, identityAlways: new Set(names) }
}

/**
 * The first comparison is the type's own, which an index serves; the second is that of the text, so
 * that a collation that ignores case does not find another record.
 */
function isSameKey(key: readonly string[], row = 'target'): string {
  return key
    .map((field) => {
      const name = quoteName(field)
      const text = `pg_catalog.concat(${row}.${name}) = pg_catalog.concat(given.${name}) collate "C"`
      return `${row}.${name} = given.${name} and ${text}`
    })
    .join(' and ')
}

function deleteEqualRows(from: string, fields: readonly string[]): string {
  return `${findEqualRows(from, fields)}
    delete from ${from} target using found join given using (row)
    where found.number <= given.wanted
      and target.tableoid = found.tableoid and target.ctid = found.ctid`
}

/** Rows are equal when the text of every field is; types without an equality have none other. */
function findEqualRows(from: string, fields: readonly string[]): string {
  const texts = fields.map((field) => {
    const name = quoteName(field)
    return `case when ${name} is not null then pg_catalog.concat(${name}) end`
  })
  const row = `array[${texts.join(', ')}]::text[]`
  return `with given as (select ${row} as row, pg_catalog.count(*) as wanted from ${GIVEN} group by 1),
    found as (select tableoid, ctid, ${row} as row,
        pg_catalog.row_number() over (partition by ${row}) as number from ${from})`
}

function expectAll(
  what: string,
  entity: EntityName,
  { givenCount, changedCount }: { givenCount: number; changedCount: number },
): void {
  if (givenCount === changedCount) return
  const found = `${changedCount} of ${givenCount} rows were there as planned`
  throw new AppError('connector.target-changed', `Cannot ${what} "${entity}": ${found}`, {
    entity,
    givenCount,
    changedCount,
  })
}
