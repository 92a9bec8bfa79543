import { type FittedMap, findPack, fitPacks } from '#customer/fit-packs'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { findSourcesAt } from './find-sources-at.ts'

export type { FittedMap }

/**
 * A customer map from ready packs, fitted to what the vault holds of each source; none is asked.
 *
 * @param wanted `erp=odoo`, one for each source
 * @throws customer.pack-unknown | customer.pack-unfit | vault.source-unknown | vault.role-missing
 */
export async function fitMapPacks(
  vault: Vault,
  { at, wanted }: { readonly at: readonly string[]; readonly wanted: readonly string[] },
  signal: AbortSignal,
): Promise<FittedMap> {
  const packs = new Map(wanted.map(readWanted))
  const names = new Set(packs.keys())
  const sources = await findSourcesAt(vault, { addresses: at, wanted: names }, signal)
  const missing = [...names].find((name) => !sources.some(({ source }) => source === name))
  if (missing !== undefined) {
    const message = `Cannot fit a pack to source ${missing}: the vault has no point of it`
    throw new AppError('vault.source-unknown', message, { source: missing })
  }
  return fitPacks(
    sources.flatMap((one) => {
      const pack = packs.get(one.source)
      return pack === undefined ? [] : [{ pack, at: one }]
    }),
  )
}

function readWanted(text: string) {
  const split = text.indexOf('=')
  if (split > 0) return [text.slice(0, split), findPack(text.slice(split + 1))] as const
  const message = `Cannot read "${text}": wanted a source and its pack, like erp=odoo`
  throw new AppError('customer.pack-unknown', message, { text })
}
