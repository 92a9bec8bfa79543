import type { EntityAt } from '#history/entity-at'
import type { SegmentReadDeps } from '#segment/segment'
import { sortVersions } from '#segment/sort-versions'
import type { Random } from '#stdx/random'
import type { LinkInMap } from './map-at.ts'
import { GroupSpool } from './values/group-spool.ts'
import { type JoinTotals, joinValues } from './values/join-values.ts'
import { type Projection, projectValues } from './values/project-values.ts'

export type MeasureDeps = { readonly random: Random; readonly tempDir: string }

export type MeasuredLink = JoinTotals & {
  readonly link: LinkInMap
  /** Which records meet over the link; whoever measured disposes it. */
  readonly groups: GroupSpool
}

const SORT_BYTES_MAX = 16 * 1_048_576

/**
 * Follows one link for all records of its entity at once: both sides are sorted by the values that
 * they are compared in and merged. Exact; holds some 100 MB at most and spills sealed.
 */
export async function measureLink(
  deps: MeasureDeps,
  link: LinkInMap,
  signal: AbortSignal,
): Promise<MeasuredLink> {
  const { fields, from, none, to, toFields, when } = link
  await using stack = new AsyncDisposableStack()
  const groups = stack.use(new GroupSpool(deps))
  const totals = await joinValues(
    sortValues(deps, from, { fields, when, none }, signal),
    sortValues(deps, to, { fields: toFields, when: [], none }, signal),
    groups,
  )
  stack.move()
  return { ...totals, link, groups }
}

/** The values of some fields of every record of an entity, sorted, as `projectValues` gives them. */
export function sortValues(
  deps: MeasureDeps,
  side: { readonly at: EntityAt; readonly deps: SegmentReadDeps },
  projection: Projection,
  signal: AbortSignal,
) {
  const values = projectValues(side.deps, side.at, projection, signal)
  return sortVersions(deps, values, { memoryBytesMax: SORT_BYTES_MAX, signal })
}
