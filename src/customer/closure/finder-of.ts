import type { SegmentReadDeps } from '#segment/segment'
import { StateFinder } from '#segment/state-finder'

const finders = new WeakMap<SegmentReadDeps, StateFinder>()

/** The one that looks records up there: what it has opened for one question it knows at the next. */
export function finderOf(deps: SegmentReadDeps): StateFinder {
  const finder = finders.get(deps) ?? new StateFinder(deps)
  finders.set(deps, finder)
  return finder
}
