import { assert } from '#stdx/assert'
import { type SortOptions, sortBatches } from './sort/sort-batches.ts'
import type { SortDeps } from './sort/sorted-run.ts'
import { OP_PUT, type VersionBatch } from './version-batch.ts'

/**
 * Scanned versions in key order, whatever order they came in; the batches are taken over. Rows of one
 * digest key are numbered in the order of their text; any other key that comes twice stays twice, and
 * comparing refuses it.
 *
 * What memory does not hold lies sealed in unnamed temporary files, which go with the process.
 */
export async function* sortVersions(
  deps: SortDeps,
  input: AsyncIterable<VersionBatch>,
  options: SortOptions,
): AsyncGenerator<VersionBatch, void, undefined> {
  for await (const full of sortBatches(deps, scannedOnly(input), options)) {
    yield full.takeNumbered()
  }
}

async function* scannedOnly(batches: AsyncIterable<VersionBatch>) {
  for await (const batch of batches) {
    assert(!batch.ops.some((op) => op !== OP_PUT), 'What is sorted was scanned.')
    yield batch
  }
}
