import type { VersionBatch } from './version-batch.ts'

/**
 * What comparing a scan with a state found: versions to write (`batch.ops` put or delete) and, per
 * version, whether its key was new. Bounded like any batch.
 */
export type ChangeBatch = {
  readonly batch: VersionBatch
  /** One of the `CHANGE_` values per version. */
  readonly kinds: Uint8Array
}

export const CHANGE_INSERT = 0
export const CHANGE_UPDATE = 1
export const CHANGE_DELETE = 2

/** What a scan saw, beside the changes it yielded. */
export type ScanTotals = {
  readonly rowCount: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  /** Sum of all row digests modulo 2^128. */
  readonly digestSum: bigint
}
