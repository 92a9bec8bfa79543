import { pairEntity } from '#history/diff-points'
import { type EntityAt, entityAt } from '#history/entity-at'
import type { PairedRow } from '#history/pair-versions'
import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { type CompareDeps, type Compared, pairWithTarget } from './compare-target.ts'
import { PairWalk } from './pair-walk.ts'

/** One entity right before a transaction and right after it. */
export type UndoneEntity = { readonly before: EntityAt; readonly after: EntityAt }

/** A record that a transaction touched, in three states; `null` where it was, or is, not there. */
export type UndoneRecord = {
  readonly key: Uint8Array<ArrayBuffer>
  readonly before: PairedRow | null
  readonly after: PairedRow | null
  readonly live: PairedRow | null
}

/**
 * Both states under one schema version, that of the transaction: the target is more likely to have
 * the fields that came with it than not to.
 */
export function undoneEntity(
  state: TimelineState,
  points: { readonly before: Point; readonly after: Point },
  entity: EntityName,
): UndoneEntity {
  const before = entityAt(state, points.before, entity)
  const after = entityAt(state, points.after, entity)
  assert(before.schema.layout === after.schema.layout, 'A feed changes no layout.')
  // A TRUNCATE began another generation, in which the earlier rows are not.
  const isOne = before.schema.generation === after.schema.generation
  return { before: isOne ? { ...before, schema: after.schema } : before, after }
}

/**
 * The records that a transaction changed, in key order, each with what the system has of it. Reads
 * the entity on the system whole. Returns how many rows the system has.
 *
 * A record is good until the next one is asked for.
 */
export async function* pairUndone(
  deps: CompareDeps,
  { cut, described, undone }: Omit<Compared, 'at'> & { readonly undone: UndoneEntity },
  signal: AbortSignal,
): AsyncGenerator<UndoneRecord, number, undefined> {
  const compared = { at: undone.before, cut, described }
  const options = { rows: true, isTwinRefused: () => true, signal }
  await using walk = new PairWalk(pairWithTarget(deps, compared, options))
  const { after, before } = undone
  for await (const list of pairEntity(deps.read, { left: before, right: after }, signal)) {
    for (const { key, left, right } of list) {
      const found = await walk.moveTo(key)
      // What is not among the differences is as it was before.
      const live = found === undefined ? left : found.right
      yield { key, before: left, after: right, live }
    }
  }
  return (await walk.finish())?.right ?? 0
}
