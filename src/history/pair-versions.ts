import { BLOCK_BYTES } from '#record/row-batch'
import type { Stamp } from '#record/stamp'
import { compareEntries, entryOf } from '#segment/columns'
import { type LargeValue, OP_DELETE, type VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { PickedKeys } from './picked-keys.ts'

/** One side of a pair: the row as its batch held it. */
export type PairedRow = {
  readonly digest: bigint
  /** Row text with its newline; empty when rows were not read. */
  readonly row: Uint8Array<ArrayBuffer>
  readonly large: readonly LargeValue[]
}

/** A key whose two sides differ; `null` where a side does not have it. */
export type RecordPair = {
  readonly key: Uint8Array<ArrayBuffer>
  readonly left: PairedRow | null
  readonly right: PairedRow | null
  /** When the later side became what it is; only between two points of one layout and generation. */
  readonly since?: Stamp
}

export type PairTotals = { readonly left: number; readonly right: number; readonly same: number }

/**
 * Merges two states in key order and yields the records that differ, in bounded lists.
 *
 * Equality is the digests', so both sides must have been digested under one layout and key: of two
 * layouts every record differs. Costs one comparison a record; only what differs is copied, so that
 * pairs outlive their batches, and a list is closed once its rows, large values in hand included,
 * weigh a few megabytes. Returns how many records either side had.
 *
 * @param only pairs of other keys are not made; absent: all are
 */
export async function* pairVersions(
  left: AsyncIterable<VersionBatch>,
  right: AsyncIterable<VersionBatch>,
  only?: PickedKeys,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  await using a = new VersionCursor(left)
  await using b = new VersionCursor(right)
  const pairs = new PairList(only)
  let hasLeft = await a.next()
  let hasRight = await b.next()
  while (hasLeft || hasRight) {
    const order = hasLeft && hasRight ? a.compare(b) : hasLeft ? -1 : 1
    const ours = order <= 0 ? a : null
    const theirs = order >= 0 ? b : null
    pairs.meet(ours, theirs)
    if (pairs.isFull()) yield pairs.take()
    if (ours !== null) hasLeft = a.step() || (await a.next())
    if (theirs !== null) hasRight = b.step() || (await b.next())
  }
  if (!pairs.isEmpty()) yield pairs.take()
  return { left: a.passedCount, right: b.passedCount, same: pairs.same }
}

const PAIRS_MAX = 1024
const PAIRS_BYTES = 4 * BLOCK_BYTES

/** The pairs of the list that is next, and how many records were no pair because both sides were the same. */
class PairList {
  readonly #isPicked: ReturnType<PickedKeys['walk']> | undefined
  #pairs: RecordPair[] = []
  #bytes = 0
  same = 0

  constructor(only: PickedKeys | undefined) {
    this.#isPicked = only?.walk()
  }

  /** Takes what the sides hold of the next key; `null` where one does not have it. */
  meet(left: VersionCursor | null, right: VersionCursor | null): void {
    const place = (left ?? right)?.at()
    assert(place !== undefined, 'A pair has at least one side.')
    if (left !== null && right !== null && left.digest() === right.digest()) this.same += 1
    else if (this.#isPicked?.(place) !== false) this.#add(place, left, right)
  }

  isEmpty(): boolean {
    return this.#pairs.length === 0
  }

  isFull(): boolean {
    return this.#pairs.length >= PAIRS_MAX || this.#bytes >= PAIRS_BYTES
  }

  take(): readonly RecordPair[] {
    const pairs = this.#pairs
    this.#pairs = []
    this.#bytes = 0
    return pairs
  }

  #add({ batch, index }: Place, left: VersionCursor | null, right: VersionCursor | null): void {
    const key = viewKey(batch, index).slice()
    const pair = { key, left: copyRow(left), right: copyRow(right) }
    this.#pairs.push(pair)
    this.#bytes += rowBytes(pair.left) + rowBytes(pair.right)
  }
}

/** What a row holds in memory: values that lie in the vault are not there. */
function rowBytes(row: PairedRow | null): number {
  if (row === null) return 0
  const sizes = row.large.map((value) => (value.kind === 'bytes' ? value.parts : []))
  return sizes.flat().reduce((sum, { byteLength }) => sum + byteLength, row.row.byteLength)
}

function copyRow(cursor: VersionCursor | null): PairedRow | null {
  if (cursor === null) return null
  const { batch, index } = cursor.at()
  const viewed = viewRow(batch, index)
  return viewed && { ...viewed, row: viewed.row.slice() }
}

/** The key of one version of a batch: good as long as the batch is. */
export function viewKey({ keys }: VersionBatch, index: number): Uint8Array<ArrayBuffer> {
  return entryOf(keys, index)
}

/** The row of one version of a batch, good as long as the batch is; `null` for a delete. */
export function viewRow(batch: VersionBatch, index: number): PairedRow | null {
  if (batch.ops[index] === OP_DELETE) return null
  const { digests, large, rows } = batch
  const row = rows === null ? new Uint8Array() : entryOf(rows, index)
  return { digest: digests[index] ?? 0n, row, large: large.get(index) ?? [] }
}

/** Walks the versions of a stream of batches one by one, without an object for each. */
class VersionCursor {
  readonly #batches: AsyncIterator<VersionBatch, unknown, undefined>
  #batch: VersionBatch | undefined
  #index = 0
  passedCount = 0

  constructor(batches: AsyncIterable<VersionBatch>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** Steps inside the current batch; `false` at its end. */
  step(): boolean {
    if (this.#batch === undefined || this.#index + 1 >= this.#batch.count) return false
    this.#index += 1
    this.passedCount += 1
    return true
  }

  /** Moves to the first version of the next batch that has one; `false` at the end of all. */
  async next(): Promise<boolean> {
    for (;;) {
      const next = await this.#batches.next()
      if (next.done === true) return false
      this.#batch = next.value
      this.#index = 0
      if (next.value.count === 0) continue
      this.passedCount += 1
      return true
    }
  }

  compare(other: VersionCursor): number {
    const [a, b] = [this.at(), other.at()]
    return compareEntries(a.batch.keys, a.index, b.batch.keys, b.index)
  }

  at(): Place {
    assert(this.#batch !== undefined, 'A cursor is asked only where it stands on a version.')
    return { batch: this.#batch, index: this.#index }
  }

  digest(): bigint {
    return this.#batch?.digests[this.#index] ?? 0n
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return?.()
  }
}

type Place = { readonly batch: VersionBatch; readonly index: number }
