import { type CheckedLink, checkMap, type MapCheck } from '#customer/check-map'
import { sourcesOf } from '#report/finance-parts'
import { judgeFinance } from '#report/judge-finance'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt, provennessOfMap } from './find-sources-at.ts'
import { readAgain } from './points/read-again.ts'
import { MAP_DOCUMENT, readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type MapLinkAnswer = CheckedLink

export type CheckMapRequest = {
  /** `undefined`: `customers.yaml` beside the configuration, else what the vault keeps. */
  readonly file: string | undefined
  /** Points; the newest of every source that none of them means. */
  readonly at: readonly string[]
  /** Keeps the map in the vault when the points hold all that it names, whatever their data are like. */
  readonly isToBeStored: boolean
}

export type MapCheckAnswer = MapCheck &
  Provenness & {
    readonly map: string
    readonly isStored: boolean
  }

/**
 * Holds the customer map against points of the vault; no source is asked.
 * @throws app.map-not-found | customer.map-invalid | vault.role-missing without the read key
 */
export async function checkCustomerMap(
  deps: Pick<Context, 'configPath' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  request: CheckMapRequest,
  signal: AbortSignal,
): Promise<MapCheckAnswer> {
  const { label, map, text } = await readMap(deps, vault, request.file, signal)
  const { tempDir } = await deps.readConfig()
  const { progress, random } = deps
  const begin = (step: string) => progress.begin({ label: step })
  const { receivables } = map.finance
  const asked = receivables === undefined ? [] : sourcesOf(receivables)
  const wanted = new Set([...map.entities.map(({ source }) => source), ...asked])
  const check = await readAgain(async () => {
    const sources = await findSourcesAt(vault, { addresses: request.at, wanted }, signal)
    const found = await checkMap({ random, tempDir, begin }, map, sources, signal)
    const problems = [...found.problems, ...judgeFinance(map.finance, sources)]
    const verdict = problems.length === 0 ? found.verdict : ('differs' as const)
    return { ...found, problems, verdict, ...provennessOfMap(sources, map) }
  })
  progress.end()
  const isStored = request.isToBeStored && check.problems.length === 0
  if (isStored) await vault.putDocument(MAP_DOCUMENT, text, signal)
  return { map: label, isStored, ...check }
}
