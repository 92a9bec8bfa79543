import type { RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ColumnRow } from './catalogue.ts'
import { isBytes, loadOf } from './field-form.ts'
import { convertRows, LoadText } from './load-text.ts'
import { quoteName } from './quote.ts'
import type { Session } from './session.ts'
import { toServerError } from './write-error.ts'

export type LoadOptions = {
  /** What is tried, for "Cannot ...": `insert into "customer"`. */
  readonly what: string
  readonly fields: readonly string[]
  /** Of the table that is loaded into. */
  readonly columns: readonly ColumnRow[]
  readonly rows: AsyncIterable<RowBatch>
  readonly signal: AbortSignal
}

/**
 * Loads rows into a table and returns their number. A row or value that the server would skip or
 * change is an error; what was loaded until then is the transaction's to roll back.
 *
 * @throws connector.value-refused | connector.constraint-violated | connector.target-changed
 */
export async function loadRows(
  session: Session,
  table: string,
  { columns, fields, rows, signal, what }: LoadOptions,
): Promise<number> {
  const own = fields.map((field) => {
    const column = columns.find(({ name }) => name === field)
    if (column !== undefined) return column
    const message = `Cannot ${what}: the target has no field "${field}"`
    throw new AppError('connector.target-changed', message, { field })
  })
  const text = new LoadText(own.map(({ type }) => isBytes(type)))
  const loads = own.map(({ charset, type }, i) => loadOf(`@v${i}`, type, charset))
  const targets = own.map(({ name }, i) => (loads[i] === null ? quoteName(name) : `@v${i}`))
  const sets = own.flatMap(({ name }, i) =>
    loads[i] === null ? [] : [`${quoteName(name)} = ${loads[i]}`],
  )
  // Rows without a field are lines without text.
  const columnsSql = targets.length === 0 ? '(@v0)' : `(${targets.join(', ')})`
  const sql = `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${quoteName(table)} CHARACTER SET binary
    FIELDS TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'
    ${columnsSql}${sets.length === 0 ? '' : ` SET ${sets.join(', ')}`}`
  const failed: { reason?: unknown } = {}
  const bytes = noting(convertRows(text, rows, signal), failed)
  const loaded = await session.load(sql, bytes, signal)
  if ('reason' in failed) throw failed.reason
  if (loaded.warningCount > 0) await refuseWarnings(session, what, signal)
  assert(loaded.addedCount === text.rowCount, 'Every row that is sent is added.')
  return loaded.addedCount
}

/** The server takes what it got so far for the whole: the reason must not get lost in the stream. */
async function* noting(
  bytes: AsyncIterable<Uint8Array>,
  failed: { reason?: unknown },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes
  } catch (error) {
    failed.reason = error
  }
}

async function refuseWarnings(session: Session, what: string, signal: AbortSignal): Promise<never> {
  const warnings = await session.query('SHOW WARNINGS LIMIT 100', signal)
  // A skipped row says more than a value that was cut off before.
  const [, errno, text] = warnings.find(([level]) => level !== 'Note') ?? warnings[0] ?? []
  throw toServerError({ errno: Number(errno ?? 0), sqlState: '01000', text: text ?? '' }, what)
}
