import { AppError } from '#stdx/app-error'
import type { Links } from '#timeline/chain-slots'
import { VAULT_TIMELINE } from '#timeline/entry-name'

/** @throws vault.source-unknown when there is no such timeline */
export function refuseUnknown({ headSeq, rolledBack, source }: Links): void {
  if (headSeq >= 0 || rolledBack !== null || source === VAULT_TIMELINE) return
  const message = `Cannot read source "${source}": the vault holds no timeline of it`
  throw new AppError('vault.source-unknown', message, { source })
}

/**
 * @param memory where heads are remembered, for the message; `store` likewise
 * @throws timeline.rolled-back
 */
export function refuseRollback(
  { rolledBack, source }: Links,
  { memory, store }: Readonly<Record<'memory' | 'store', { readonly label: string }>>,
): void {
  if (rolledBack === null) return
  const where = `heads are remembered in ${memory.label} and in the vault itself`
  const message = `Cannot trust timeline "${source}" of "${store.label}": ${rolledBack}; ${where}`
  throw new AppError('timeline.rolled-back', message, { source })
}
