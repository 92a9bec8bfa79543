import { differing } from '../judge-undo.ts'
import type { Policy } from '../policy.ts'

/** The fields of one record as comparable texts, all in one order. */
export type ThreeStates = {
  readonly point: readonly string[]
  /** At the newest capture of the source; `null`: it was not there. */
  readonly captured: readonly string[] | null
  /** On the target, now. */
  readonly live: readonly string[]
}

/**
 * What became of a field, or of a record, since the point.
 *
 * - `known`: the target holds what was captured last, so history tells the change
 * - `unseen`: nothing had changed when it was captured last; the target was changed after that
 * - `conflict`: history tells a change, and the target holds a third value
 */
export type Since = 'known' | 'unseen' | 'conflict'

/** `write`: as at the point. `stay`: as on the target. `ask`: nobody has decided. */
export type Outcome = 'write' | 'stay' | 'ask'

export type JudgedField = {
  readonly index: number
  readonly since: Since
  readonly policy: Policy
  readonly outcome: Outcome
}

/** What a restore does with each field in which the target is not as the point; none other is in the list. Pure. */
export function judgeThreeWays(
  { captured, live, point }: ThreeStates,
  policyAt: (index: number) => Policy,
): readonly JudgedField[] {
  return differing(point, live).map((index) => {
    const since = judgeField(point[index], captured?.[index], live[index])
    const policy = policyAt(index)
    return { index, since, policy, outcome: decide(since, policy) }
  })
}

/** A record that the point does not hold and that would be deleted. Pure. */
export function judgeAdded(
  { captured, live }: Omit<ThreeStates, 'point'>,
  policy: Policy,
): Omit<JudgedField, 'index'> {
  const since =
    captured === null ? 'unseen' : differing(captured, live).length === 0 ? 'known' : 'conflict'
  return { since, policy, outcome: decide(since, policy) }
}

function judgeField(point: unknown, captured: unknown, live: unknown): Since {
  if (live === captured) return 'known'
  return captured === point ? 'unseen' : 'conflict'
}

export function decide(since: Since, policy: Policy): Outcome {
  switch (policy) {
    case 'ours':
      return 'write'
    case 'newer':
      return 'stay'
    case 'theirs':
      return since === 'known' ? 'write' : 'stay'
    case 'ask':
      return since === 'conflict' ? 'ask' : 'write'
  }
}
