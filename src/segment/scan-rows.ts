import type { RowBatch } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { takeLargeValues } from './scan/large-fields.ts'
import { scanLargeRow } from './scan/scan-large-row.ts'
import { scanRowsBatch } from './scan/scan-rows-batch.ts'
import { scanTable } from './scan/scan-table.ts'
import { LARGE_VALUE_BYTES, type VersionBatch } from './version-batch.ts'

/**
 * Turns rows as a connector delivers them into versions: finds their fields, digests each row and
 * encodes its key. Rows keep all fields of the schema, large values are taken out of line.
 */
export type RowScanner = {
  /**
   * The rows as puts with seq 0 and ordinal 1, in the order they came. Takes over the batch's bytes.
   * Holds memory in proportion to the batch: some ten times its size while it works.
   * @throws segment.row-invalid when a row has another number of fields than the schema or its key
   *   is not canonical
   */
  scan(batch: RowBatch): VersionBatch
}

/**
 * One scanner scans the rows of one entity under one schema version. The digest of a row is
 * SipHash-2-4 over the layout id (8 bytes, little-endian) and the row without its newline and
 * without trailing fields that hold their missing value; the first field always counts.
 */
export function openRowScanner(
  schema: SchemaVersion,
  digestKey: DigestKey,
  kernel: Kernel = openKernel(),
): RowScanner {
  const table = scanTable(schema, deriveDigestKeys(digestKey).row)
  return {
    scan(batch) {
      if (batch.kind === 'large') return scanLargeRow(kernel, table, batch.parts)
      const versions = scanRowsBatch(kernel, table, batch.bytes)
      if (versions.longestRowBytes <= LARGE_VALUE_BYTES) return versions.batch
      return takeLargeValues(versions.batch)
    },
  }
}
