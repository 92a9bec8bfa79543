import type { AgreedPlan } from '#app/restore-request'
import { visible } from './text-width.ts'

type CounterMove = NonNullable<AgreedPlan['counters']>[number]

/** What new records get their numbers from, and how it comes to be beyond those of the rows; each a line. */
export function formatCounters(counters: readonly CounterMove[], said: 'moves' | 'moved'): string {
  return counters.map((counter) => formatCounter(counter, said)).join('')
}

function formatCounter(
  { counter, entity, field, refused, sql, to }: CounterMove,
  said: 'moves' | 'moved',
): string {
  const name = `counter ${visible(counter)} of ${entity}:${visible(field)}`
  if (refused === undefined) return `${name} ${said} past ${to}\n`
  const next = sql === undefined ? '' : `  let it be moved by who may: ${sql}\n`
  return `${name} is not moved past ${to}: ${visible(refused)}\n${next}`
}
