import { AppError } from '#stdx/app-error'
import { deletesOf } from './batch/deletes.ts'
import { releaseBatch, releaseRows } from './batch/release.ts'
import {
  CHANGE_DELETE,
  CHANGE_INSERT,
  CHANGE_UPDATE,
  type ChangeBatch,
  type ScanTotals,
} from './changes.ts'
import { compareEntries, compareWithKey, entryOf, findFirst } from './columns.ts'
import { BatchCursor } from './compare/batch-cursor.ts'
import { ChangeGathering } from './compare/change-gathering.ts'
import type { VersionBatch } from './version-batch.ts'

/**
 * Compares a scan with the state it is to be stored on top of, key by key and digest by digest, and
 * yields what changed: rows of the scan to put, keys of the state to delete, ascending by key. What is
 * unchanged is neither copied nor kept. When the scan is done, returns what it saw in all.
 *
 * Holds one batch of either side and one of changes; a batch of only new records is handed on as it is.
 *
 * @param state what `readState` yields; rows are not needed
 * @param scanned the source's rows in key order; taken over, unchanged rows are gone afterwards
 * @throws segment.order-violated when `scanned` is not strictly ascending: then nothing may be kept
 */
export async function* compareVersions(
  state: AsyncIterable<VersionBatch>,
  scanned: AsyncIterable<VersionBatch>,
): AsyncGenerator<ChangeBatch, ScanTotals, undefined> {
  await using known = BatchCursor.over(state)
  await using seen = BatchCursor.over(scanned)
  const comparison = new Comparison(known, seen)
  await known.advance()
  await seen.advance()
  while (known.batch !== undefined || seen.batch !== undefined) {
    comparison.step()
    if (comparison.changes.isFull) yield comparison.take()
    if (seen.batch !== undefined && seen.index >= seen.batch.count) {
      comparison.closeScanned(seen.batch)
      await seen.advance()
    }
    if (known.batch !== undefined && known.index >= known.batch.count) await known.advance()
  }
  if (!comparison.changes.isEmpty) yield comparison.take()
  return comparison.totals()
}

class Comparison {
  readonly changes = new ChangeGathering()
  readonly #known: BatchCursor
  readonly #seen: BatchCursor
  /** The last key of the batch before the one that is being scanned; at first one before all others. */
  #lastKey: Uint8Array = new Uint8Array(0)
  /** Whether changes of the batch that is being scanned were given to the caller. */
  #isTaken = false
  /** Whether they were the batch itself. */
  #isHandedOn = false
  #rowCount = 0
  #inserted = 0
  #updated = 0
  #deleted = 0
  #digestSum = 0n

  constructor(known: BatchCursor, seen: BatchCursor) {
    this.#known = known
    this.#seen = seen
  }

  /** Moves on to the end of either batch, or until the changes are full. */
  step(): void {
    const known = this.#known.batch
    const seen = this.#seen.batch
    if (seen === undefined) {
      if (known !== undefined) this.#delete(known, known.count)
    } else if (known === undefined) {
      this.#insert(seen, seen.count)
    } else {
      this.#compare(known, seen)
    }
  }

  take(): ChangeBatch {
    const changes = this.changes.take()
    this.#isTaken = true
    this.#isHandedOn ||= changes.batch === this.#seen.batch
    return changes
  }

  closeScanned(batch: VersionBatch): void {
    const held = this.changes.compact(batch)
    if (!this.#isTaken && held === 'nothing') releaseBatch(batch)
    else if (!this.#isHandedOn && held !== 'all') releaseRows(batch)
    this.#isTaken = false
    this.#isHandedOn = false
    this.#lastKey = entryOf(batch.keys, batch.count - 1).slice()
    this.#rowCount += batch.count
    this.#digestSum = BigInt.asUintN(128, this.#digestSum + sumDigests(batch))
  }

  totals(): ScanTotals {
    return {
      rowCount: this.#rowCount,
      inserted: this.#inserted,
      updated: this.#updated,
      deleted: this.#deleted,
      digestSum: this.#digestSum,
    }
  }

  #compare(known: VersionBatch, seen: VersionBatch): void {
    const knownDigests = wordsOf(known.digests)
    const seenDigests = wordsOf(seen.digests)
    let i = this.#known.index
    let j = this.#seen.index
    while (i < known.count && j < seen.count && !this.changes.isFull) {
      const order = compareEntries(known.keys, i, seen.keys, j)
      if (order === 0) {
        const isSame =
          knownDigests[2 * i] === seenDigests[2 * j] &&
          knownDigests[2 * i + 1] === seenDigests[2 * j + 1]
        if (!isSame) this.#update(seen, j)
        i += 1
        j += 1
        continue
      }
      this.#known.index = i
      this.#seen.index = j
      if (order < 0) {
        const isPast = (k: number) => compareEntries(known.keys, k, seen.keys, j) >= 0
        this.#delete(known, findFirst(i, known.count, isPast))
      } else {
        const isPast = (k: number) => compareEntries(seen.keys, k, known.keys, i) >= 0
        this.#insert(seen, findInsertEnd(seen, j, isPast))
      }
      i = this.#known.index
      j = this.#seen.index
    }
    this.#known.index = i
    this.#seen.index = j
  }

  #update(seen: VersionBatch, index: number): void {
    this.changes.add({ batch: seen, from: index, to: index + 1 }, CHANGE_UPDATE)
    this.#updated += 1
  }

  /** Records the scan has and the state has not. Only they can be out of order unnoticed. */
  #insert(seen: VersionBatch, to: number): void {
    const from = this.#seen.index
    for (let i = from; i < to; i++) this.#checkOrder(seen, i)
    this.changes.add({ batch: seen, from, to }, CHANGE_INSERT)
    this.#inserted += to - from
    this.#seen.index = to
  }

  #delete(known: VersionBatch, to: number): void {
    const from = this.#known.index
    this.changes.add({ batch: deletesOf(known, from, to), from: 0, to: to - from }, CHANGE_DELETE)
    this.#deleted += to - from
    this.#known.index = to
  }

  #checkOrder(seen: VersionBatch, index: number): void {
    const order =
      index > 0
        ? compareEntries(seen.keys, index - 1, seen.keys, index)
        : -compareWithKey(seen.keys, index, this.#lastKey)
    if (order < 0) return
    const found = order === 0 ? 'one key came twice' : 'a key came after a greater one'
    throw new AppError('segment.order-violated', `Cannot compare a scan: ${found}`)
  }
}

/** Steps one by one: a scan that is out of order must not be searched by halves. */
function findInsertEnd(seen: VersionBatch, from: number, isPast: (index: number) => boolean) {
  let to = from + 1
  while (to < seen.count && !isPast(to)) to += 1
  return to
}

/** Numbers of 64 bits as pairs of 32: comparing those makes no objects. */
function wordsOf({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length)
}

function sumDigests({ digests, count }: VersionBatch): bigint {
  const words = wordsOf(digests)
  // A batch has fewer than 2^21 rows, so both sums are exact.
  let low = 0
  let high = 0
  for (let i = 0; i < 2 * count; i += 2) {
    low += words[i] ?? 0
    high += words[i + 1] ?? 0
  }
  return (BigInt(high) << 32n) + BigInt(low)
}
