import { checkVault } from '#vault/check-vault'
import type { Actor, Turn } from '../actor.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Checks the whole vault while others write to it, with the keys of a custodian or with all. */
export function checker(name: string, isCustodian: boolean): Actor {
  return {
    name,
    holds: isCustodian ? { role: 'custodian', source: null } : 'everything',
    restMs: 6 * DAY_MS,
    mustSucceed: true,
    turn: (turn) => check(turn, isCustodian),
  }
}

async function check(turn: Turn, isCustodian: boolean): Promise<void> {
  const { chance, isMisled, log, signal, truth, vault } = turn
  const depth = isCustodian || chance.happens(0.5) ? 'hashes' : 'decoded'
  const report = await checkVault(vault, { depth, signal, onProgress: () => {} })
  const [problem] = report.problems
  log(`checked ${depth}: ${report.verdict}`)
  // A void slot at the end may hide a lost point, which has to be said.
  const isExplained = isMisled() || truth.voids.size > 0
  const found = `check found ${problem?.object}: ${problem?.problem}`
  must(problem === undefined || isExplained, 'I1', found)
}
