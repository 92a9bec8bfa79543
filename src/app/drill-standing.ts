import { isAppError } from '#stdx/app-error'
import type { DrillFact } from '#timeline/fold-facts'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { readMapIfAny } from './read-map.ts'
import { restoresIfAny } from './restore/restores-if-any.ts'

/** Whether somebody has lately proved that customers can be put back. */
export type DrillStanding = {
  readonly lastPassed: DrillFact | undefined
  /** The newest of all, where that failed. */
  readonly failed: DrillFact | undefined
  /** What is to be done about it, as a sentence; `undefined`: nothing. */
  readonly due: string | undefined
}

/** `undefined`: there is no customer map, or none that can be read, and so nothing to drill. */
export async function readDrillStanding(
  deps: Pick<Context, 'clock' | 'configPath' | 'readConfig'>,
  vault: Vault,
  signal: AbortSignal,
): Promise<DrillStanding | undefined> {
  if (!(await hasMap(deps, vault, signal))) return undefined
  const { drill } = await deps.readConfig()
  const { drills } = await restoresIfAny(vault, signal)
  const lastPassed = drills.findLast(({ body }) => body.verdict === 'passed')
  const last = drills.at(-1)
  const failed = last?.body.verdict === 'failed' ? last : undefined
  const ageMs = lastPassed === undefined ? 0 : deps.clock.nowMs() - Date.parse(lastPassed.time)
  const due =
    lastPassed === undefined
      ? 'No drill has proved yet that customers can be put back'
      : ageMs > drill.everyMs
        ? `The last drill that passed is of ${lastPassed.time}, which is too long ago`
        : undefined
  return { lastPassed, failed, due }
}

/** What is wrong with a map is said where it is used. */
async function hasMap(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await readMapIfAny(deps, vault, signal)) !== undefined
  } catch (error) {
    if (!isAppError(error)) throw error
    return false
  }
}
