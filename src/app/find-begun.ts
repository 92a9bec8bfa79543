import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { BegunFact } from '#timeline/fold-facts'
import type { Vault } from '#vault/vault'

/**
 * The restore of this id, as it began.
 * @throws app.restore-unknown
 */
export async function findBegun(
  vault: Pick<Vault, 'readRestores'>,
  restore: string,
  signal: AbortSignal,
): Promise<BegunFact> {
  const { begun } = await vault.readRestores(signal)
  const found = begun.find(({ body }) => body.restore === restore)
  if (found !== undefined) return found
  const hint = didYouMean(
    restore,
    begun.map(({ body }) => body.restore),
  )
  const message = `Cannot find restore "${restore}": the vault keeps ${begun.length} restores${hint}`
  throw new AppError('app.restore-unknown', message, { restore })
}
