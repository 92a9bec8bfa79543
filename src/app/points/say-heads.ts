import { isAppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'

const UNFIT = ['timeline.damaged', 'timeline.rolled-back', 'timeline.format-unsupported'] as const

/**
 * Has the vault itself say what the newest entries are, after something other than a backup committed
 * one: then a machine that never saw the entry notices when storage takes it back.
 *
 * What was committed counts without it, so a damaged timeline of the vault, which `check` names, makes
 * nothing fail that is done.
 */
export async function sayHeads(vault: Vault, signal: AbortSignal): Promise<void> {
  try {
    await vault.putHeads(signal)
  } catch (error) {
    if (!UNFIT.some((code) => isAppError(error, code))) throw error
  }
}
