import type { RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { AppError, isAppError } from '#stdx/app-error'
import { parseTableDefinition } from './definition.ts'
import { formOf } from './field-form.ts'
import { ERRNO, isConnectionLost, readServerError, withoutValues } from './mysql-error.ts'
import { printAs } from './print-as.ts'
import { quoteName, quoteNames, tableOf } from './quote.ts'
import type { Session } from './session.ts'

export type ScanOptions = {
  readonly fields: readonly string[]
  readonly signal: AbortSignal
  /** The table that holds the rows, where it does not bear the entity's name. */
  readonly table?: string
}

/**
 * Streams all rows of one entity that the session's snapshot sees.
 *
 * The statement runs behind a savepoint: going back to it frees the table for changes of its
 * structure while the cut is still open.
 *
 * @throws connector.scan-failed | connector.value-refused
 */
export async function* scanEntity(
  session: Session,
  entity: DescribedEntity,
  { fields, signal, table = tableOf(entity.entity) }: ScanOptions,
): AsyncGenerator<RowBatch, void, undefined> {
  const { charsets, types } = parseTableDefinition(entity.definition)
  const wantedByField = new Map(entity.fields.map(({ name, type }) => [name, type]))
  const typeOf = (field: string) => types[field] ?? wantedByField.get(field) ?? ''
  const wanted = (field: string) => wantedByField.get(field) ?? typeOf(field)
  const printed = fields.map((field) => printAs(field, typeOf(field), wanted(field)))
  const forms = fields.map((field) => formOf(typeOf(field), wanted(field)))
  const from = `FROM ${quoteName(table)}`
  // A row of no field is an empty line, as a row of one empty field is.
  const select = fields.length === 0 ? `SELECT '' ${from}` : `SELECT ${printed.join(', ')} ${from}`
  try {
    await session.query('SAVEPOINT scan', signal)
    for (const field of fields) {
      const charset = charsets[field]
      if (charset !== undefined)
        await requireExact(session, { entity, field, charset, from, signal })
    }
    const all = fields.length === 0 ? [{ kind: 'text' as const }] : forms
    yield* session.rows(`${select}${orderBy(entity)}`, all, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw toScanError(error, entity)
  } finally {
    if (!session.isLost) await backToSavepoint(session)
  }
}

/** The server is told the index too: for a table that looks small it would rather sort. */
function orderBy({ key, scanOrder }: DescribedEntity): string {
  if (key === null || scanOrder === 'none') return ''
  return ` FORCE INDEX FOR ORDER BY (PRIMARY) ORDER BY ${quoteNames(key.fields)}`
}

/** Text that has no characters of Unicode would arrive as question marks, without a word. */
async function requireExact(
  session: Session,
  {
    charset,
    entity,
    field,
    from,
    signal,
  }: {
    charset: string
    entity: DescribedEntity
    field: string
    from: string
    signal: AbortSignal
  },
): Promise<void> {
  const column = quoteName(field)
  const back = `CONVERT(CONVERT(${column} USING utf8mb4) USING ${charset})`
  const where = `WHERE CAST(${back} AS BINARY) <> CAST(${column} AS BINARY)`
  const rows = await session.query(`SELECT 1 ${from} ${where} LIMIT 1`, signal)
  if (rows.length === 0) return
  const found = `a value of the field "${field}" is no text that Unicode holds (${charset})`
  throw new AppError('connector.value-refused', `Cannot scan "${entity.entity}": ${found}`, {
    entity: entity.entity,
    field,
  })
}

async function backToSavepoint(session: Session): Promise<void> {
  try {
    await session.query('ROLLBACK TO SAVEPOINT scan', new AbortController().signal)
  } catch {
    // Why the scan ended is what the caller learns.
    session.destroy()
  }
}

function toScanError(error: unknown, { entity }: DescribedEntity): unknown {
  if (isAppError(error, 'connector.value-refused') && error.details?.['entity'] === undefined) {
    const message = `Cannot scan "${entity}": a text is not valid in its character set`
    return new AppError('connector.value-refused', message, { entity }, { cause: error })
  }
  const server = readServerError(error)
  if (server === undefined && !isConnectionLost(error)) return error
  const cause = withoutValues(error)
  const message = `Cannot scan "${entity}": ${describeFailure(error)}`
  return new AppError('connector.scan-failed', message, { entity }, { cause })
}

const GONE = new Set<number>([ERRNO.noTable, ERRNO.badField, 1932])
const DENIED = new Set<number>([ERRNO.tableDenied, ERRNO.columnDenied, ERRNO.databaseDenied])

function describeFailure(error: unknown): string {
  const errno = readServerError(error)?.errno
  if (errno === undefined || isConnectionLost(error)) return 'the connection was lost'
  if (GONE.has(errno)) return 'the table or a column of it is not there any more'
  if (errno === ERRNO.tableChanged) return 'it was dropped, rewritten or altered since the cut'
  if (DENIED.has(errno)) return 'the right to read it was taken away'
  if (errno === ERRNO.lockWait) return 'another session holds it locked'
  return `the server ended the scan with error ${errno}`
}
