import { assert } from '#stdx/assert'
import { LastArrivals } from './sort/last-arrivals.ts'
import { type SortOptions, sortBatches } from './sort/sort-batches.ts'
import type { SortDeps } from './sort/sorted-run.ts'
import type { VersionBatch } from './version-batch.ts'

/**
 * Changes in the order that a segment takes them: by key, within a key newest first, of one
 * transaction only what it left of a record, which is what it told last. The batches are taken over.
 *
 * What memory does not hold lies sealed in unnamed temporary files, which go with the process.
 *
 * @param input in the order it was told, stamped with ordinals alone; transactions need not ascend
 */
export async function* sortChanges(
  deps: SortDeps,
  input: AsyncIterable<VersionBatch>,
  options: SortOptions,
): AsyncGenerator<VersionBatch, void, undefined> {
  const last = new LastArrivals()
  for await (const full of sortBatches(deps, numberArrivals(input), options)) {
    const batch = last.keepOf(full.take())
    if (batch.count === 0) continue
    batch.seqs.fill(0)
    yield batch
  }
}

const ARRIVALS_MAX = 0xffff_ffff

/** What is not committed has no seq: while it is sorted, the place says when it arrived. */
async function* numberArrivals(batches: AsyncIterable<VersionBatch>) {
  let arrived = 0
  for await (const batch of batches) {
    const { count, seqs } = batch
    assert(arrived + count <= ARRIVALS_MAX, 'Changes that are sorted at once can be numbered.')
    for (let i = 0; i < count; i++) seqs[i] = ++arrived
    yield batch
  }
}
