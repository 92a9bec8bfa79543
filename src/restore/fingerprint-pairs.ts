import { createHash, type Hash } from 'node:crypto'
import { type PairTotals, pairVersions, type RecordPair } from '#history/pair-versions'
import { toRowBatches } from '#segment/large-values'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { type CompareDeps, type Compared, scanTarget } from './compare-target.ts'
import { readPoint } from './row-mask.ts'

/** SHA-256, hex, over the canonical text of all rows of a side in key order, each with its newline. */
export type PairPrints = PairTotals & {
  readonly fingerprints: { readonly left: string; readonly right: string }
}

/**
 * As `pairWithTarget`, with a fingerprint of either side: whoever has the rows can work it out without
 * a key of the vault. Rows of the point have to have all fields of its schema.
 * @throws as `pairWithTarget`
 */
export async function* fingerprintPairs(
  deps: CompareDeps,
  compared: Compared,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], PairPrints, undefined> {
  const hashes = { left: createHash('sha256'), right: createHash('sha256') }
  const options = { rows: true, signal }
  const state = hashRows(deps, readPoint(deps, compared.at, options), hashes.left, signal)
  const scanned = hashRows(deps, scanTarget(deps, compared, options), hashes.right, signal)
  const totals = yield* pairVersions(state, scanned)
  const { left, right } = hashes
  return { ...totals, fingerprints: { left: left.digest('hex'), right: right.digest('hex') } }
}

async function* hashRows(
  { read }: CompareDeps,
  versions: AsyncIterable<VersionBatch>,
  hash: Hash,
  signal: AbortSignal,
): AsyncGenerator<VersionBatch, void, undefined> {
  for await (const batch of versions) {
    assert(batch.rows !== null, 'Rows were asked for.')
    if (batch.large.size === 0) {
      hash.update(batch.rows.bytes.subarray(0, batch.rows.ends[batch.count - 1] ?? 0))
    } else {
      for await (const rows of toRowBatches(read, batch, signal)) {
        for (const part of rows.kind === 'rows' ? [rows.bytes] : rows.parts) hash.update(part)
      }
    }
    yield batch
  }
}
