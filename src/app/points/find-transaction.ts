import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import { locatePoint } from '#timeline/locate-point'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Point } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { type FoundPoint, findPoint } from './find-point.ts'

/** A transaction that a feed told: `point` is right before it, `undone` right after it. */
export type FoundTransaction = FoundPoint & { readonly undone: Point }

/**
 * The one transaction that an address means, and the moments around it.
 * @throws app.transaction-missing when the address means a whole point, or when the point before the
 * first transaction of an entry was let go; and as `findPoint`
 */
export async function findTransaction(
  vault: Vault,
  text: string,
  signal: AbortSignal,
): Promise<FoundTransaction> {
  const { point: undone, source, state } = await findPoint(vault, text, signal)
  const { body, seq, transaction } = undone
  if (transaction === null) throw noTransaction(source, undone)
  const isFirst = transaction.ordinal === 1
  const base = body.base ?? 0
  if (isFirst && state.points.bySeq(base) === undefined) throw letGo(source, undone, base)
  const before = isFirst ? `${base}` : `${seq}.${transaction.ordinal - 1}`
  const address = parsePointAddress(`${source}@${before}`)
  return { source, state, undone, point: await locatePoint(vault, state, address, signal) }
}

function noTransaction(source: string, point: Point): AppError {
  const count = point.body.follow?.transactions?.count ?? 0
  const address = formatPoint(source, point)
  const found =
    count === 0
      ? 'no feed told it'
      : `it is ${count} transactions, need ${count === 1 ? '' : 'one of '}${address}.1${count === 1 ? '' : ` to ${address}.${count}`}`
  return new AppError('app.transaction-missing', `Cannot undo ${address}: ${found}`, { source })
}

function letGo(source: string, undone: Point, base: number): AppError {
  const found = `what was there before it was let go with ${source}@${base}`
  const message = `Cannot undo ${formatPoint(source, undone)}: ${found}`
  return new AppError('app.transaction-missing', message, { source })
}
