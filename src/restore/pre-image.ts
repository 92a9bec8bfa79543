import * as z from 'zod'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { type SchemaVersion, schemaVersionSchema } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import type { PlannedEntity } from './prepared-restore.ts'
import { RowSpool } from './row-spool.ts'

/**
 * What a restore is about to change of one entity, so that it can be taken back:
 *
 * ```
 * pre-image = head LF *before *after
 * head      = {"format":"holdfast pre-image 1","schema":S,"before":N,"after":M}, JSON
 * before    = a row that is updated or deleted, as it is in the target
 * after     = a row that is updated or inserted, as it will be there
 * ```
 *
 * Rows are canonical text (`record/row-text.ts`) under the schema version S, all fields of it, large
 * values in place, in no order. They belong together by their keys. Of a table that is created no rows
 * are listed: they are those of the point.
 */
const FORMAT = 'holdfast pre-image 1'
const HEAD_BYTES_MAX = 16 * 1_048_576
const NEWLINE = 0x0a

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  schema: schemaVersionSchema,
  before: z.int().min(0),
  after: z.int().min(0),
})

/** A pre-image in hand; its rows lie sealed in unnamed files until it is disposed. */
export type PreImage = AsyncDisposable & {
  readonly schema: SchemaVersion
  readonly before: RowSpool
  readonly after: RowSpool
}

/** The pre-image of what a plan writes to one entity, in pieces; may be asked for more than once. */
export async function* formatPreImage({
  at: { schema },
  spool,
}: Pick<PlannedEntity, 'at' | 'spool'>): AsyncGenerator<Uint8Array, void, undefined> {
  const { after, afterCount, before, beforeCount } = spool?.preImage() ?? NOTHING
  const head = { format: FORMAT, schema, before: beforeCount, after: afterCount }
  yield Buffer.from(`${JSON.stringify(head)}\n`)
  yield* toBytes(before())
  yield* toBytes(after())
}

const NOTHING = { before: none, beforeCount: 0, after: none, afterCount: 0 }

async function* none(): AsyncGenerator<RowBatch, void, undefined> {}

async function* toBytes(
  rows: AsyncIterable<RowBatch>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const batch of rows) {
    if (batch.kind === 'rows') yield batch.bytes
    else yield* batch.parts
  }
}

/**
 * Reads a pre-image that was cut into pieces anywhere. Holds one row, and what spools hold.
 * @throws restore.pre-image-invalid
 */
export async function readPreImage(
  deps: { readonly random: Random; readonly tempDir: string },
  pieces: AsyncIterable<Uint8Array>,
): Promise<PreImage> {
  await using stack = new AsyncDisposableStack()
  const before = stack.use(new RowSpool(deps))
  const after = stack.use(new RowSpool(deps))
  let head: z.infer<typeof headSchema> | undefined
  for await (const line of splitLines(pieces)) {
    if (head === undefined) head = parseHead(line)
    else await appendRow(before.rowCount < head.before ? before : after, line)
  }
  if (head === undefined) throw invalid('it is empty')
  const counts = `${before.rowCount} and ${after.rowCount} rows`
  if (before.rowCount !== head.before || after.rowCount !== head.after) {
    throw invalid(`it holds ${counts}, ${head.before} and ${head.after} were written`)
  }
  const kept = stack.move()
  const { schema } = head
  return { schema, before, after, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function appendRow(spool: RowSpool, line: Uint8Array): Promise<void> {
  if (line.byteLength > LARGE_ROW_BYTES) await spool.appendLarge([line])
  else await spool.append(line)
}

/** Each with its newline. */
async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = []
  for await (const piece of pieces) {
    let at = 0
    for (;;) {
      const end = piece.indexOf(NEWLINE, at)
      if (end < 0) break
      const rest = piece.subarray(at, end + 1)
      yield held.length === 0 ? rest : Buffer.concat([...held, rest])
      held = []
      at = end + 1
    }
    if (at < piece.byteLength) held.push(piece.subarray(at))
  }
  if (held.length > 0) throw invalid('its last row has no end')
}

function parseHead(line: Uint8Array): z.infer<typeof headSchema> {
  if (line.byteLength > HEAD_BYTES_MAX) throw invalid('its head is too long')
  try {
    return headSchema.parse(JSON.parse(Buffer.from(line).toString('utf8')))
  } catch (cause) {
    throw invalid('its head is none', cause)
  }
}

function invalid(found: string, cause?: unknown): AppError {
  return new AppError(
    'restore.pre-image-invalid',
    `Cannot read the pre-image: ${found}`,
    undefined,
    {
      cause,
    },
  )
}
