import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { AppError } from '#stdx/app-error'
import { gatherPieces, type Piece } from '../batch/pieces.ts'
import { releaseKeys, releaseRows } from '../batch/release.ts'
import { compareEntries } from '../columns.ts'
import type { Kernel } from '../kernel/open-kernel.ts'
import { BlockReader } from '../read/block-reader.ts'
import { openSegment, type PlacedBlock } from '../read/open-segment.ts'
import { shapeOf, spreadRows } from '../read/run-cursor.ts'
import { scanTable } from '../scan/scan-table.ts'
import { openRowScanner, type RowScanner } from '../scan-rows.ts'
import type { SegmentReadDeps, SegmentRef } from '../segment.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'
import { VersionTrail } from './version-trail.ts'

export type RereadOptions = {
  readonly kernel: Kernel
  /** That they were written under. */
  readonly schema: SchemaVersion
  readonly digestKey: DigestKey
  readonly signal: AbortSignal
}

const READ_AHEAD_BYTES = 524_288

/**
 * Reads what was written back from the store: every row is decoded, and digested and keyed anew.
 * Large values are not fetched. Holds one block.
 * @returns the trail of what is there
 * @throws segment.not-verified | segment.damaged | segment.object-missing
 */
export async function rereadSegments(
  deps: SegmentReadDeps,
  refs: readonly SegmentRef[],
  { digestKey, kernel, schema, signal }: RereadOptions,
): Promise<string> {
  const trail = new VersionTrail()
  const table = scanTable(schema, deriveDigestKeys(digestKey).row)
  const scanner = openRowScanner(schema, digestKey, kernel)
  for (const ref of refs) {
    // Its stamps are full: no entry says their seq.
    const segment = await openSegment(deps, { ref, seq: 0 }, signal)
    const options = { kernel, readAheadBytes: READ_AHEAD_BYTES, signal }
    const reader = new BlockReader(deps, segment, options)
    for (const block of segment.blocks) {
      signal.throwIfAborted()
      const batch = await reader.readKeys(block)
      const isPlain = batch.large.size === 0
      const found = isPlain ? batch : await withRows(reader, block, { batch, schema })
      trail.add(found)
      const isAlike = isPlain
        ? block.rowCount === 0 || (await reader.judgeRows(block, table, batch)) === 'same'
        : isDigestedAlike(scanner, schema, found)
      if (!isAlike) throw notVerified(ref)
      releaseRows(found)
      releaseKeys(found)
    }
  }
  return trail.finish()
}

async function withRows(
  reader: BlockReader,
  block: PlacedBlock,
  { batch, schema }: { readonly batch: VersionBatch; readonly schema: SchemaVersion },
): Promise<VersionBatch> {
  const schemas = new Map([[schema.version, schema]])
  const puts = await reader.readRows(block, shapeOf(reader, { schemas, asked: schema }))
  return { ...batch, rows: spreadRows(batch, puts) }
}

/** Whether the rows without large values have the digests and keys that are stored with them. */
function isDigestedAlike(scanner: RowScanner, schema: SchemaVersion, batch: VersionBatch): boolean {
  const plain = gatherPieces(plainPieces(batch))
  const { rows } = plain
  if (rows === null || rows.bytes.length === 0) return true
  const scanned = scanner.scan({ kind: 'rows', bytes: rows.bytes })
  let at = 0
  for (let i = 0; i < plain.count; i++) {
    if (plain.ops[i] === OP_DELETE) continue
    if (plain.digests[i] !== scanned.digests[at]) return false
    // A key that is a digest ends with an occurrence number, which no row tells.
    const isKeyTold = schema.key.kind === 'fields'
    if (isKeyTold && compareEntries(plain.keys, i, scanned.keys, at) !== 0) return false
    at += 1
  }
  return at === scanned.count
}

function plainPieces(batch: VersionBatch): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const index of [...batch.large.keys()].sort((a, b) => a - b)) {
    if (from < index) pieces.push({ batch, from, to: index })
    from = index + 1
  }
  if (from < batch.count) pieces.push({ batch, from, to: batch.count })
  return pieces
}

export function notVerified({ keyring }: Pick<SegmentRef, 'keyring'>): AppError {
  const found = 'reading it back does not give the versions that were merged'
  const message = `Cannot replace segments by "${keyring}": ${found}`
  return new AppError('segment.not-verified', message, { segment: keyring })
}
