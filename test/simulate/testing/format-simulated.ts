import { inspect } from 'node:util'
import type { Simulated } from './run-simulation.ts'
import { FAULTS } from './weather.ts'

/** What broke, what happened just before, and how to see it again. */
export function formatFailure({ failure, lastLines, seed }: Simulated): string {
  return [
    `seed ${seed} broke something: ${inspect(failure)}`,
    'after (simulated days, who, what):',
    ...lastLines.map((line) => `  ${line}`),
    `to repeat it: npm run simulate -- --minutes 0 --seed ${seed}`,
  ].join('\n')
}

/** One line per kind of figure over all histories. */
export function formatSummary(all: readonly Simulated[]): string {
  const sum = (of: (one: Simulated) => number) => all.reduce((total, one) => total + of(one), 0)
  const first = all[0]?.seed ?? 0
  const faults = FAULTS.map((fault) => `${fault} ${sum((one) => one.faults.get(fault) ?? 0)}`)
  return [
    `${all.length} histories (seeds ${first} to ${first + all.length - 1}), ${sum((one) => (one.failure === undefined ? 0 : 1))} broke something`,
    `${sum(({ steps }) => steps)} steps, ${sum(({ days }) => days)} simulated days, ${sum(({ points }) => points)} points`,
    `turns: ${sum(({ turns }) => turns.succeeded)} done, ${sum(({ turns }) => turns.failed)} failed, ${sum(({ turns }) => turns.died)} died`,
    `faults: ${faults.join(', ')}`,
  ].join('\n')
}
