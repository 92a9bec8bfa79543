import { tellSteps as tellStepsOf } from '../../testing/tell-steps.ts'
import { feedHarness } from './feed-system.ts'

/** As `tellSteps` of any system, on one major. */
export function tellSteps(
  major: number,
  setup: string,
  steps: Parameters<typeof tellStepsOf>[2],
): Promise<string[]> {
  return tellStepsOf(feedHarness(major), setup, steps)
}
