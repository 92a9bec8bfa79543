import type { PlannedStep } from './plan-file.ts'

/** Records whose steps are other ones, the first of them by name. */
export type ChangedSteps = { readonly names: readonly string[]; readonly count: number }

/** So many are named, and so many are counted before it is enough. */
const NAMED_MAX = 5
export const CHANGED_MAX = 10_000

/**
 * What distinguishes two plans: records that one writes and the other does not, or otherwise. Both
 * come in one order, so that what waits for its counterpart is only what has none.
 */
export async function compareSteps(
  before: AsyncIterable<PlannedStep>,
  after: AsyncIterable<PlannedStep>,
): Promise<ChangedSteps> {
  const changed: string[] = []
  const sides = [before, after].map((steps) => ({
    steps: steps[Symbol.asyncIterator](),
    waiting: new Map<string, string>(),
    isDone: false,
  }))
  try {
    while (sides.some(({ isDone }) => !isDone)) {
      for (const [i, side] of sides.entries()) {
        const next = side.isDone ? undefined : await side.steps.next()
        side.isDone ||= next?.done === true
        if (next === undefined || next.done === true) continue
        const { line, name } = next.value
        const other = sides[1 - i]?.waiting
        const known = other?.get(name)
        if (known === undefined) side.waiting.set(name, line)
        else if (known !== line) changed.push(name)
        other?.delete(name)
      }
      const count = changed.length + sides.reduce((sum, { waiting }) => sum + waiting.size, 0)
      if (count > CHANGED_MAX) break
    }
  } finally {
    for (const { steps } of sides) await steps.return?.()
  }
  const all = [...changed, ...sides.flatMap(({ waiting }) => [...waiting.keys()])]
  return { names: all.slice(0, NAMED_MAX), count: all.length }
}
