import type { BegunFact } from '#timeline/fold-facts'
import { listOpenRestores } from '#timeline/open-restores'
import type { Vault } from '#vault/vault'
import { attempt, type Finding, good } from './examine/finding.ts'

/** Whether every restore that began has ended. Says nothing of a vault that knows of none. */
export async function* examineRestores(
  vault: Vault,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const [facts, problem] = await attempt('restores', () => vault.readRestores(signal))
  if (problem !== undefined) yield problem
  if (facts === undefined || facts.begun.length === 0) return
  const open = listOpenRestores(facts)
  yield* open.map(describeOpen)
  if (open.length === 0) yield good('restores', `${facts.begun.length} began, and none is open`)
}

function describeOpen({ body, time }: BegunFact): Finding {
  const { point, restore, target, undoes } = body
  const what = undoes === undefined ? `of ${point}` : `which takes back restore ${undoes},`
  return {
    check: `restore ${restore}`,
    verdict: 'bad',
    found: `${what} to ${target} began at ${time}, and nothing says how it ended`,
    fix: `Unless it is still running, run the same command again: what it had committed is left alone, what not is written. \`holdfast undo ${restore}\` takes back what it had committed.`,
  }
}
