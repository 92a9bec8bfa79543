import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { BegunFact } from '#timeline/fold-facts'
import { listRolledBack } from '#timeline/open-restores'
import type { Vault } from '#vault/vault'

/**
 * The restore of this id, as it began; it may have written, or been interrupted before.
 * @throws app.restore-unknown | app.restore-rolled-back
 */
export async function findBegun(
  vault: Pick<Vault, 'readRestores'>,
  restore: string,
  signal: AbortSignal,
): Promise<BegunFact> {
  const { begun, restores } = await vault.readRestores(signal)
  if (listRolledBack({ restores }).has(restore)) {
    const message = `Cannot undo restore ${restore}: the target had refused it, and nothing of it was written`
    throw new AppError('app.restore-rolled-back', message, { restore })
  }
  const found = begun.find(({ body }) => body.restore === restore)
  if (found !== undefined) return found
  const hint = didYouMean(
    restore,
    begun.map(({ body }) => body.restore),
  )
  const message = `Cannot find restore "${restore}": the vault keeps ${begun.length} restores${hint}`
  throw new AppError('app.restore-unknown', message, { restore })
}
