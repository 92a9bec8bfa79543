import { isAppError } from '#stdx/app-error'
import type { RestoreFacts } from '#timeline/fold-facts'
import type { Vault } from '#vault/vault'

/** What the vault knows of restores; nothing where its own timeline was rolled back, which others say. */
export async function restoresIfAny(
  vault: Pick<Vault, 'readRestores'>,
  signal: AbortSignal,
): Promise<RestoreFacts> {
  try {
    return await vault.readRestores(signal)
  } catch (error) {
    if (!isAppError(error, 'timeline.rolled-back')) throw error
    return { begun: [], drills: [], restores: [] }
  }
}
