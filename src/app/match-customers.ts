import { mapAt } from '#customer/map-at'
import { type Proposals, proposeSame } from '#customer/propose-same'
import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt, provennessOfMap } from './find-sources-at.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type MatchCustomersRequest = {
  /** Points; the newest of every source that none of them means. */
  readonly at: readonly string[]
  readonly file: string | undefined
  /** As typed. */
  readonly limit: string
  readonly scoreMin: string
}

/** Who may be one, as `customer match --json` prints it. */
export type MatchedCustomers = Provenness & Proposals & { readonly points: readonly string[] }

const LIMIT_MAX = 1000

/**
 * Proposes who may be one, for a person to decide; no source is asked, and nothing is changed.
 * @throws app.limit-invalid | app.score-invalid, and as `readMap` and `findSourcesAt`
 */
export async function matchCustomers(
  deps: Pick<Context, 'configPath' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  { at, file, ...typed }: MatchCustomersRequest,
  signal: AbortSignal,
): Promise<MatchedCustomers> {
  const proposalsMax = Number(typed.limit)
  if (!Number.isInteger(proposalsMax) || proposalsMax < 1 || proposalsMax > LIMIT_MAX) {
    const message = `Cannot list "${typed.limit}" proposals: need 1 to ${LIMIT_MAX}`
    throw new AppError('app.limit-invalid', message)
  }
  const scoreMin = Number(typed.scoreMin)
  if (!(scoreMin > 0 && scoreMin < 1)) {
    const message = `Cannot propose from a score of "${typed.scoreMin}" on: need more than 0 and less than 1`
    throw new AppError('app.score-invalid', message)
  }
  const { map } = await readMap(deps, vault, file, signal)
  const { tempDir } = await deps.readConfig()
  const { progress, random } = deps
  const begin = (label: string) => progress.begin({ label })
  const matched = await readAgain(async () => {
    const wanted = new Set(map.entities.map(({ source }) => source))
    const sources = await findSourcesAt(vault, { addresses: at, wanted, progress }, signal)
    const asked = { laid: mapAt(map, sources), map }
    const options = { proposalsMax, scoreMin, signal }
    const found = await proposeSame({ random, tempDir, begin }, asked, options)
    const points = sources.map(({ point, source }) => formatPoint(source, point))
    return { points, ...found, ...provennessOfMap(sources, map) }
  })
  progress.end()
  return matched
}
