import type { RowBatch } from '#record/row-batch'
import type { DescribedEntity, DescribedKey } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { parseTableDefinition } from './definition.ts'
import { isConnectionLost, readServerError, withoutValues } from './pg-error.ts'
import { printAs } from './print-as.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteNames } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Streams all rows of one entity that the session's snapshot sees.
 *
 * The statement runs behind a savepoint, so that a consumer that stops early leaves the snapshot
 * usable.
 *
 * @throws connector.scan-failed | connector.value-refused
 */
export async function* scanEntity(
  session: Session,
  entity: DescribedEntity,
  { fields, signal }: { fields: readonly string[]; signal: AbortSignal },
): AsyncGenerator<RowBatch, void, undefined> {
  let isOver = false
  try {
    await lockUnchanged(session, entity, { fields, signal })
    yield* session.copyOut(`copy (${selectRows(entity, fields)}) to stdout`, signal)
    await session.query('release savepoint scan', signal)
    isOver = true
  } catch (error) {
    signal.throwIfAborted()
    isOver = true
    await backToSavepoint(session)
    throw await toScanError(error, { session, entity, signal })
  } finally {
    if (!isOver) await backToSavepoint(session)
  }
}

/** The rows of a table itself: without those of its children, with those of its partitions. */
function fromTable(entity: DescribedEntity): string {
  return `from ${isPartitioned(entity) ? '' : 'only '}${quoteEntity(entity.entity)}`
}

function isPartitioned(entity: DescribedEntity): boolean {
  return parseTableDefinition(entity.definition).partitionKey !== null
}

function selectRows(entity: DescribedEntity, fields: readonly string[]): string {
  const rows = `select ${printFields(entity, fields)} ${fromTable(entity)}`
  if (entity.key === null || entity.scanOrder === 'none') return rows
  return `${rows} order by ${orderBy(entity.key, entity)}`
}

/** Fields as the entity says they are, which may be as another point in time saw them. */
function printFields(entity: DescribedEntity, fields: readonly string[]): string {
  const { columns } = parseTableDefinition(entity.definition)
  const typeByColumn = new Map(columns.map(({ name, type }) => [name, type]))
  const wantedByField = new Map(entity.fields.map(({ name, type }) => [name, type]))
  const printed = fields.map((field) => {
    const type = typeByColumn.get(field) ?? ''
    return printAs(field, type, wantedByField.get(field) ?? type)
  })
  return printed.join(', ')
}

/**
 * The order of the encoded key. Integers, UUIDs and byte strings sort that way themselves, text in
 * the "C" collation. Everything else sorts as the text it is printed as, which `concat` makes with
 * the type's output function, as COPY does; a cast to text would trim a `character(n)`.
 */
function orderBy(key: DescribedKey, entity: DescribedEntity): string {
  const typeByField = new Map(entity.fields.map(({ name, type }) => [name, type]))
  const parts = key.fields.map((field, i) => {
    const column = quoteName(field)
    if (key.encodings[i] !== 'text') return column
    // A bare column lets an index in this collation serve.
    if (PLAIN_TEXT.test(typeByField.get(field) ?? '')) return `${column} collate "C"`
    return `pg_catalog.concat(${column}) collate "C"`
  })
  return parts.join(', ')
}

const PLAIN_TEXT = /^(?:text|name|character varying(?:\(\d+\))?)$/

/**
 * Locks the table against being dropped or rewritten, then makes sure that this has not happened
 * since the cut. A table that was truncated or rewritten in between would look empty, one whose
 * partition was detached would look shorter: rows would be taken for deleted.
 */
async function lockUnchanged(
  session: Session,
  entity: DescribedEntity,
  { fields, signal }: { fields: readonly string[]; signal: AbortSignal },
): Promise<void> {
  const lock = `select ${quoteNames(fields)} ${fromTable(entity)} limit 0`
  await session.query(`savepoint scan; ${lock}`, signal)
  const oid = quoteLiteral(entity.sourceId ?? '')
  const regclass = `pg_catalog.to_regclass(${quoteLiteral(quoteEntity(entity.entity))})`
  const changed = (isPartitioned(entity) ? PARTITIONS_CHANGED : TABLE_CHANGED)(oid, regclass)
  const [[isChanged] = []] = await session.query(changed, signal)
  if (isChanged === 'f') return
  const found = 'it was dropped, rewritten or partitioned anew since the cut'
  throw new AppError('connector.scan-failed', `Cannot scan "${entity.entity}": ${found}`, {
    entity: entity.entity,
  })
}

// pg_class and pg_inherits are read at the cut; the functions answer as of now. A partitioned table
// has no file of its own, so it takes a longer question, which costs several milliseconds.

const TABLE_CHANGED = (oid: string, regclass: string) => `select coalesce(pg_catalog.bool_or(
    c.oid is distinct from ${regclass} or
    c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid)), true)
  from pg_catalog.pg_class c where c.oid = ${oid}::oid`

const PARTITIONS_CHANGED = (oid: string, regclass: string) => `with recursive own(oid) as (
    select c.oid from pg_catalog.pg_class c where c.oid = ${oid}::oid
    union all select i.inhrelid from own join pg_catalog.pg_inherits i on i.inhparent = own.oid
      join pg_catalog.pg_class p on p.oid = i.inhrelid and p.relispartition),
  now(oid) as (select t.relid from own, pg_catalog.pg_partition_tree(own.oid) t
    union select own.oid from own where own.oid = ${regclass})
  select (select count(*) from own) = 0
    or not exists (select from own where own.oid = ${regclass})
    or exists (select oid from own except select oid from now)
    or exists (select oid from now except select oid from own)
    or exists (select from own join pg_catalog.pg_class c using (oid)
      where nullif(c.relfilenode, 0) is distinct from pg_catalog.pg_relation_filenode(c.oid))`

/** Twice: a late cancellation of the scan may hit the first attempt. */
async function backToSavepoint(session: Session): Promise<void> {
  const signal = new AbortController().signal
  for (let attempt = 1; attempt <= 2 && !session.isLost; attempt++) {
    try {
      await session.query('rollback to savepoint scan; release savepoint scan', signal)
      return
    } catch {
      // The session is given up below; why the scan ended is what the caller learns.
    }
  }
  session.destroy()
}

/** No exact text: too long for a message, or not representable in UTF-8. */
const VALUE_REFUSED = new Set(['22021', '22P05', '54000', '53200'])
const GONE = new Set(['42P01', '42703', '3F000'])

type FailedScan = {
  readonly session: Session
  readonly entity: DescribedEntity
  readonly signal: AbortSignal
}

async function toScanError(error: unknown, failed: FailedScan): Promise<unknown> {
  const { entity } = failed.entity
  const server = readServerError(error)
  if (server === undefined && !isConnectionLost(error)) return error
  const cause = withoutValues(error)
  const isTooLong = server?.sqlState === 'XX000' && server.text.includes('memory alloc')
  if (server !== undefined && (isTooLong || VALUE_REFUSED.has(server.sqlState))) {
    const field = await findTooLong(failed)
    const which = field === undefined ? '' : ` of the field "${field}"`
    const found = `a value${which} has no text that the server can send`
    const message = `Cannot scan "${entity}": ${found} (SQLSTATE ${server.sqlState})`
    return new AppError('connector.value-refused', message, { entity, field }, { cause })
  }
  const message = `Cannot scan "${entity}": ${describeFailure(server?.sqlState)}`
  return new AppError('connector.scan-failed', message, { entity }, { cause })
}

/** The server prints no value as more than 1 GiB of text, and a byte string takes two digits a byte. */
const PRINTED_BYTES_MAX = 2 ** 29 - 8

async function findTooLong({ session, entity, signal }: FailedScan): Promise<string | undefined> {
  for (const { name, type } of entity.fields) {
    if (type !== 'bytea' || session.isLost) continue
    const where = `where pg_catalog.octet_length(${quoteName(name)}) > ${PRINTED_BYTES_MAX}`
    const rows = await session.query(`select ${fromTable(entity)} ${where} limit 1`, signal)
    if (rows.length > 0) return name
  }
  return undefined
}

function describeFailure(sqlState: string | undefined): string {
  if (sqlState === undefined || /^(?:08|57P)/.test(sqlState)) return 'the connection was lost'
  if (GONE.has(sqlState)) return 'the table or a column of it is not there any more'
  if (sqlState === '42501') return 'the right to read it was taken away'
  if (sqlState === '55P03') return 'another session holds it locked'
  return `the server ended the scan with SQLSTATE ${sqlState}`
}
