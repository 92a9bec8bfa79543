import { pairEntity } from '#history/diff-points'
import { type EntityAt, entityAt } from '#history/entity-at'
import type { PairedRow, PairTotals, RecordPair } from '#history/pair-versions'
import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { type CompareDeps, type Compared, pairWithTarget } from './compare-target.ts'

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
  return await walk.finish()
}

/** Goes through pairs in key order, forward only. */
class PairWalk {
  readonly #pairs: AsyncGenerator<readonly RecordPair[], PairTotals, undefined>
  #list: readonly RecordPair[] = []
  #index = 0
  #totals: PairTotals | undefined

  constructor(pairs: AsyncGenerator<readonly RecordPair[], PairTotals, undefined>) {
    this.#pairs = pairs
  }

  /** The pair of a key, if there is one; keys have to ascend. */
  async moveTo(key: Uint8Array): Promise<RecordPair | undefined> {
    for (;;) {
      const pair = this.#list[this.#index]
      const order = pair === undefined ? -1 : Buffer.compare(pair.key, key)
      if (order === 0) return pair
      if (order > 0) return undefined
      if (pair !== undefined) this.#index += 1
      else if (!(await this.#pull())) return undefined
    }
  }

  /** Goes to the end. Returns how many records the right side had. */
  async finish(): Promise<number> {
    while (await this.#pull());
    return this.#totals?.right ?? 0
  }

  async #pull(): Promise<boolean> {
    if (this.#totals !== undefined) return false
    const next = await this.#pairs.next()
    if (next.done === true) this.#totals = next.value
    this.#list = next.done === true ? [] : next.value
    this.#index = 0
    return next.done !== true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pairs.return({ left: 0, right: 0, same: 0 })
  }
}
