import { inspect } from 'node:util'
import type { Simulated } from './run-simulation.ts'

/** What broke, what happened just before, and how to see it again. */
export function formatFailure({ failure, lastLines, seed }: Simulated): string {
  return [
    `seed ${seed} broke something: ${inspect(failure)}`,
    'after (simulated days, who, what):',
    ...lastLines.map((line) => `  ${line}`),
    `to repeat it: npm run simulate -- --minutes 0 --seed ${seed}`,
  ].join('\n')
}

/** Figures over all histories, one kind a line. */
export function formatSummary(all: readonly Simulated[]): string {
  const sum = (of: (one: Simulated) => number) => all.reduce((total, one) => total + of(one), 0)
  const first = all[0]?.seed ?? 0
  const broken = all.filter(({ failure }) => failure !== undefined).length
  const turns = all.flatMap((one) => one.turns)
  const done = turns.reduce((total, { succeeded }) => total + succeeded, 0)
  const died = turns.reduce((total, tally) => total + tally.died, 0)
  return [
    `${all.length} histories (seeds ${first} to ${first + all.length - 1}), ${broken} broke something`,
    `${sum(({ steps }) => steps)} steps, ${Math.round(sum(({ days }) => days))} simulated days, ${sum(({ points }) => points)} points`,
    `turns: ${done} done, ${died} died; failed: ${formatCounts(turns.map(({ failed }) => failed))}`,
    `faults: ${formatCounts(all.map(({ faults }) => faults))}`,
  ].join('\n')
}

/** The most frequent first. */
function formatCounts(all: readonly ReadonlyMap<string, number>[]): string {
  const total = new Map<string, number>()
  for (const [what, count] of all.flatMap((one) => [...one])) {
    total.set(what, (total.get(what) ?? 0) + count)
  }
  const sorted = [...total].sort(([, a], [, b]) => b - a)
  return sorted.map(([what, count]) => `${what} ${count}`).join(', ') || 'none'
}
