import type { RowBatch } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import { openRowScanner } from '#segment/scan-rows'
import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import { type CompareDeps, SORT_BYTES_MAX } from './compare-target.ts'

/** Rows in no order as versions in key order, in bounded memory. */
export function scanRows(
  deps: Pick<CompareDeps, 'digestKey' | 'random' | 'tempDir'>,
  schema: SchemaVersion,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): AsyncGenerator<VersionBatch, void, undefined> {
  const options = { memoryBytesMax: SORT_BYTES_MAX, signal }
  return sortVersions(deps, scanAll(schema, deps, rows), options)
}

async function* scanAll(
  schema: SchemaVersion,
  { digestKey }: Pick<CompareDeps, 'digestKey'>,
  rows: AsyncIterable<RowBatch>,
): AsyncGenerator<VersionBatch, void, undefined> {
  const scanner = openRowScanner(schema, digestKey)
  for await (const batch of rows) yield scanner.scan(batch)
}
