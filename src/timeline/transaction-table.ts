import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as z from 'zod'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Random } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import type { CaptureBody, TableRef, Transaction } from './entry.ts'
import { tableNameOf } from './judge-follow.ts'
import { judgeTransactions } from './judge-transactions.ts'
import { readTexts, textsSchema, writeTexts } from './rising-texts.ts'
import type { LogDeps } from './sealed-statement.ts'

/**
 * The transactions of one entry, in an object of their own where they are too many for it. Whoever may
 * read the log may read them; no row is among them. The entry pins its bytes, so that it bears no
 * signature:
 *
 * ```
 * magic    4   HFTT
 * version  1   1
 * flags    1   0
 * salt    32   random; with the log key it gives the key of this one object
 * sealed   n   AES-256-GCM of the zstd frame of the columns, JSON
 * ```
 */

const MAGIC = Buffer.from('HFTT', 'latin1')
const VERSION = 1
const SALT_BYTES = 32
const HEADER_BYTES = 6
const SALT_END = HEADER_BYTES + SALT_BYTES
/** What a reader takes at most, stored and opened. */
const TABLE_BYTES_MAX = 64 * 1024 * 1024
const COLUMNS_BYTES_MAX = 256 * 1024 * 1024

const counts = z.array(z.int().min(0))
const columnsSchema = z.strictObject({
  transaction: textsSchema,
  time: textsSchema,
  position: textsSchema,
  /** How many items of the columns below are of each. */
  changes: counts,
  entity: counts,
  inserted: counts,
  updated: counts,
  deleted: counts,
})

/** The transactions of an entry that is about to be committed in this session. */
export type TransactionsToWrite = TablePlace & { readonly transactions: readonly Transaction[] }

type TablePlace = { readonly source: string; readonly session: string }
type WriteDeps = LogDeps & { readonly random: Random; readonly store: ObjectStore }
type ReadDeps = LogDeps & { readonly store: ObjectStore }

/** Stores the table, durable and read back, but not yet part of the vault: an entry makes it that. */
export async function writeTransactionTable(
  deps: WriteDeps,
  { session, source, transactions }: TransactionsToWrite,
  signal: AbortSignal,
): Promise<TableRef> {
  const name = parseObjectName(tableNameOf(source, session))
  const bytes = formatTable(deps, { session, source }, transactions)
  assert(bytes.byteLength <= TABLE_BYTES_MAX, 'A commit has fewer transactions than a table holds.')
  await deps.store.put(name, bytes, signal)
  const found = await deps.store.get(name, { signal })
  const ref = { name, sizeBytes: bytes.byteLength, sha256: sha256(bytes) }
  if (sha256(found) === ref.sha256) return ref
  throw damaged(ref, 'it reads back as other bytes than were written')
}

/**
 * The transactions that an entry tells, from the entry or from its table, in the order of commits.
 * @throws timeline.transactions-damaged when the table is not there, or not what the entry says of it
 */
export async function readTransactions(
  deps: ReadDeps,
  source: string,
  body: CaptureBody,
  signal: AbortSignal,
): Promise<readonly Transaction[]> {
  const { list = [], table = null } = body.follow?.transactions ?? {}
  if (table === null) return list ?? []
  const columns = openTable(
    deps,
    table,
    { session: body.session, source },
    await getTable(deps, table, signal),
  )
  const transactions = columns && toTransactions(columns)
  if (transactions === undefined) throw damaged(table, 'its columns do not fit each other')
  const refusal = judgeTransactions(body, transactions)
  if (refusal !== undefined) throw damaged(table, refusal)
  return transactions
}

async function getTable(
  { store }: ReadDeps,
  table: TableRef,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (table.sizeBytes > TABLE_BYTES_MAX) throw damaged(table, 'it is larger than any table')
  const range = { offset: 0, length: table.sizeBytes }
  try {
    const bytes = await store.get(table.name, { range, signal })
    if (sha256(bytes) === table.sha256) return bytes
  } catch (error) {
    const isLost = isAppError(error, 'store.not-found') || isAppError(error, 'store.short-read')
    if (!isLost) throw error
    throw damaged(table, 'it is missing or too short', error)
  }
  throw damaged(table, 'its bytes are not those that were committed')
}

function formatTable(
  { logKey, random, vaultId }: WriteDeps,
  place: TablePlace,
  transactions: readonly Transaction[],
): Uint8Array {
  const changes = transactions.flatMap((one) => one.changes)
  const columns: z.infer<typeof columnsSchema> = {
    transaction: writeTexts(transactions.map((one) => one.transaction)),
    time: writeTexts(transactions.map(({ time }) => time)),
    position: writeTexts(transactions.map(({ position }) => position)),
    changes: transactions.map((one) => one.changes.length),
    entity: changes.map(([entity]) => entity),
    inserted: changes.map(([, inserted]) => inserted),
    updated: changes.map(([, , updated]) => updated),
    deleted: changes.map(([, , , deleted]) => deleted),
  }
  const salt = random.bytes(SALT_BYTES)
  const frame = zstdCompressSync(Buffer.from(JSON.stringify(columns)))
  const sealed = sealLogged({ logKey, salt, aad: aadOf(vaultId, place) }, frame)
  return Buffer.concat([MAGIC, Buffer.of(VERSION, 0), salt, sealed])
}

function openTable(
  { logKey, vaultId }: LogDeps,
  table: TableRef,
  place: TablePlace,
  bytes: Uint8Array,
): z.infer<typeof columnsSchema> | undefined {
  const magic = Buffer.from(bytes.subarray(0, MAGIC.byteLength))
  if (!magic.equals(MAGIC) || bytes[4] !== VERSION || bytes[5] !== 0) {
    throw damaged(table, 'it is of a format that is not known')
  }
  const at = { logKey, salt: bytes.subarray(HEADER_BYTES, SALT_END), aad: aadOf(vaultId, place) }
  const frame = at.salt.byteLength === SALT_BYTES && unsealLogged(at, bytes.subarray(SALT_END))
  if (!frame) throw damaged(table, 'it is not authentic')
  try {
    const text = zstdDecompressSync(frame, { maxOutputLength: COLUMNS_BYTES_MAX }).toString('utf8')
    return columnsSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw damaged(table, 'what it seals is no table of transactions', cause)
  }
}

/** `undefined` when the columns are not of one length, or have numbers that nobody writes. */
function toTransactions(columns: z.infer<typeof columnsSchema>): Transaction[] | undefined {
  const { changes, deleted, entity, inserted, updated } = columns
  const transaction = readTexts(columns.transaction)
  const time = readTexts(columns.time)
  const position = readTexts(columns.position)
  if (!transaction || !time || !position) return undefined
  const total = changes.reduce((sum, count) => sum + count, 0)
  const isFull = (column: readonly unknown[]) => column.length === total
  if (![entity, inserted, updated, deleted].every(isFull)) return undefined
  if (time.length !== transaction.length || position.length !== time.length) return undefined
  if (changes.length !== time.length) return undefined
  let from = 0
  return transaction.map((name, i) => {
    const to = from + (changes[i] ?? 0)
    const own = entity.slice(from, to).map((index, j) => {
      const at = from + j
      return [index, inserted[at] ?? 0, updated[at] ?? 0, deleted[at] ?? 0] as const
    })
    from = to
    return { transaction: name, time: time[i] ?? '', position: position[i] ?? '', changes: own }
  })
}

function aadOf(vaultId: string, { session, source }: TablePlace): Buffer {
  return Buffer.from(`holdfast transactions ${VERSION} 0\n${vaultId}/${source}/${session}`)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged({ name }: TableRef, found: string, cause?: unknown): AppError {
  const message = `Cannot read the transactions in "${name}": ${found}`
  return new AppError('timeline.transactions-damaged', message, { object: name }, { cause })
}
