import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import { readDrillStanding } from '../drill-standing.ts'
import { attempt, type Finding, good } from './finding.ts'

/** When it was last proved that customers can be put back. Says nothing without a customer map. */
export async function* examineDrills(
  deps: Pick<Context, 'clock' | 'configPath' | 'readConfig'>,
  vault: Vault,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const check = 'drills'
  const [standing, problem] = await attempt(check, () => readDrillStanding(deps, vault, signal))
  if (problem !== undefined) yield problem
  if (standing === undefined) return
  const { due, failed, lastPassed } = standing
  if (failed !== undefined) {
    const { drill, reason, seed } = failed.body
    const found = `drill ${drill} of ${failed.time} failed: ${reason}`
    const fix = `Run \`holdfast drill --seed ${seed}\` for the same customers again, and \`holdfast explain ${reason}\`.`
    yield { check, verdict: 'bad', found, fix }
  } else if (due !== undefined) {
    yield { check, verdict: 'skipped', found: due, fix: 'Run `holdfast drill`.' }
  } else if (lastPassed !== undefined) {
    const { body, time } = lastPassed
    yield good(
      check,
      `${body.customers.length} customers came back at ${time} in ${body.durationMs} ms`,
    )
  }
}
