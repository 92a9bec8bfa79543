import { fitFinance, markFinance } from '#customer/fit-finance'
import { type FittedMap, findPack, fitPacks } from '#customer/fit-packs'
import type { SourceAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { judgeFinance } from '#report/judge-finance'
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
  const fitting = sources.flatMap((one) => {
    const pack = packs.get(one.source)
    return pack === undefined ? [] : [{ pack, at: one }]
  })
  return await addFinance(fitPacks(fitting), fitting, signal)
}

type Fitting = { readonly pack: ReturnType<typeof findPack>; readonly at: SourceAt }

/**
 * Adds what customers owe, by the first of the packs that knows. Where the point does not hold all
 * that this names, none of it counts: half of it would be another sum.
 */
async function addFinance(
  fitted: FittedMap,
  fitting: readonly Fitting[],
  signal: AbortSignal,
): Promise<FittedMap> {
  const chosen = fitting.find(({ pack }) => pack.finance !== undefined)
  const finance = chosen && (await fitFinance(chosen.pack, chosen.at, signal))
  if (chosen === undefined || finance === undefined) return fitted
  const whole = `${fitted.text}\n${finance.lines.join('\n')}\n`
  const problems = judgeFinance(parseMap(whole, 'the packs').finance, [chosen.at])
  const lacking = [...finance.lacking, ...new Set(problems.map(({ problem }) => problem))]
  const marked = markFinance(finance.lines).join('\n')
  return {
    text: lacking.length === 0 ? whole : `${fitted.text}\n${marked}\n`,
    sources: fitted.sources.map((one) => {
      if (one.source !== chosen.at.source) return one
      return { ...one, lacking: [...one.lacking, ...lacking.map((what) => `finance: ${what}`)] }
    }),
  }
}

function readWanted(text: string) {
  const split = text.indexOf('=')
  if (split > 0) return [text.slice(0, split), findPack(text.slice(split + 1))] as const
  const message = `Cannot read "${text}": wanted a source and its pack, like erp=odoo`
  throw new AppError('customer.pack-unknown', message, { text })
}
