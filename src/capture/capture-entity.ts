import { batchBytes, type RowBatch } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import { deriveDigestKeys, formatFingerprint } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import type { BlobIndex } from '#segment/blob-index'
import type { ChangeBatch, ScanTotals } from '#segment/changes'
import { compareVersions } from '#segment/compare-versions'
import { createSegmentWriter } from '#segment/create-segment-writer'
import { readState } from '#segment/read-state'
import { openRowScanner, type RowScanner } from '#segment/scan-rows'
import type { PlacedSegment, SegmentReadDeps, SegmentRef, SegmentWriteDeps } from '#segment/segment'
import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import type { Random } from '#stdx/random'

/** One entity's part of a capture: plain data, so that it can be given to another thread. */
export type EntityJob = {
  readonly source: string
  readonly session: string
  readonly schema: SchemaVersion
  /** Every schema version that a live segment of the generation was written under. */
  readonly schemas: readonly SchemaVersion[]
  /** What the scan is compared with; empty for a first capture of the generation. */
  readonly segments: readonly PlacedSegment[]
  readonly asOf: Stamp
  readonly isOrdered: boolean
  /** The job's segments are numbered `firstNumber`, `firstNumber + numberStep`, ... */
  readonly firstNumber: number
  readonly numberStep: number
  readonly sortBytesMax: number
}

export type EntityResult = Omit<ScanTotals, 'digestSum'> & {
  readonly fingerprint: string
  readonly segments: readonly SegmentRef[]
}

export type CaptureEntityDeps = {
  readonly write: SegmentWriteDeps
  readonly read: SegmentReadDeps
  readonly digestKey: DigestKey
  readonly random: Random
  readonly tempDir: string
}

/** Told of every batch, when its rows have been recognised. */
export type CaptureProgress = (read: { readonly rows: number; readonly bytes: number }) => void

/** What a capture of an entity shares with those beside it. */
export type CaptureWatch = {
  readonly progress: CaptureProgress
  readonly blobs: BlobIndex
  readonly signal: AbortSignal
}

/** Captures one entity somewhere: in this thread, or in another. Rows are consumed once. */
export type CaptureEntity = (
  job: EntityJob,
  rows: AsyncIterable<RowBatch>,
  watch: CaptureWatch,
) => Promise<EntityResult>

/**
 * Scans one entity, compares it with the vault, and writes segments that hold only what is new.
 *
 * Nothing it writes is visible until an entry names the segments it returns. Holds a few blocks of
 * rows and keys at a time; an unordered scan holds at most `sortBytesMax` and spills the rest.
 */
export async function captureEntity(
  deps: CaptureEntityDeps,
  job: EntityJob,
  rows: AsyncIterable<RowBatch>,
  { blobs, progress, signal }: CaptureWatch,
): Promise<EntityResult> {
  const { schema } = job
  const scanned = scanAll(openRowScanner(schema, deps.digestKey), rows, progress)
  const sorted = job.isOrdered
    ? scanned
    : sortVersions(deps, scanned, { memoryBytesMax: job.sortBytesMax, signal })
  let number = job.firstNumber - job.numberStep
  await using writer = createSegmentWriter(deps.write, {
    source: job.source,
    session: job.session,
    schema,
    digestKey: deps.digestKey,
    blobs,
    allocateNumber: () => (number += job.numberStep),
    signal,
  })
  const totals = await drain(compareVersions(currentState(deps, job, signal), sorted), (changes) =>
    writer.append(changes.batch),
  )
  const segments = await writer.finish()
  const { digestSum, ...counts } = totals
  const keys = deriveDigestKeys(deps.digestKey)
  return { ...counts, fingerprint: formatFingerprint(keys, totals.rowCount, digestSum), segments }
}

async function* scanAll(
  scanner: RowScanner,
  rows: AsyncIterable<RowBatch>,
  progress: CaptureProgress,
): AsyncGenerator<VersionBatch, void, undefined> {
  for await (const batch of rows) {
    const bytes = batchBytes(batch)
    const versions = scanner.scan(batch)
    progress({ rows: versions.count, bytes })
    yield versions
  }
}

function currentState(
  deps: CaptureEntityDeps,
  job: EntityJob,
  signal: AbortSignal,
): AsyncIterable<VersionBatch> {
  const { asOf, schema, segments } = job
  const schemas = new Map(job.schemas.map((version) => [version.version, version]))
  return readState(deps.read, { segments, schemas, schema, asOf, rows: false, signal })
}

/** Runs a comparison to its end and returns what it counted. */
async function drain(
  changes: AsyncGenerator<ChangeBatch, ScanTotals, undefined>,
  take: (batch: ChangeBatch) => Promise<void>,
): Promise<ScanTotals> {
  try {
    for (;;) {
      const next = await changes.next()
      if (next.done === true) return next.value
      await take(next.value)
    }
  } finally {
    await changes.return({ rowCount: 0, inserted: 0, updated: 0, deleted: 0, digestSum: 0n })
  }
}
