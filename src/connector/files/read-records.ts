import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Cells, Splitter } from './cells.ts'
import { BOMS, openDecoder } from './encoding.ts'
import type { ExaminedFile } from './examine-file.ts'
import { changedFile, invalidFile } from './file-failure.ts'
import { isSameStamp, READ_BYTES, readBlocks, readStamp } from './source-file.ts'

/** A record of more is taken for a quote that nobody closed. */
const RECORD_BYTES_MAX = 512 * 1_048_576

/** What has to be known of a file to read its text. */
export type TextFile = Pick<ExaminedFile, 'encoding' | 'file' | 'hasBom'> & {
  /** What its bytes were when they were read before; `undefined`: nobody did. */
  readonly sha256: string | undefined
}

/** Records that were split, until the next are asked for. `from`: the first that is no header. */
export type RecordBlock = { readonly cells: Cells; readonly from: number }

/**
 * Splits a whole file into records. Holds one block of the file and the record that reaches beyond it.
 *
 * @throws connector.file-invalid | connector.file-truncated
 * @throws connector.scan-failed when the file is not what it was when it was examined
 */
export async function* readRecords(
  examined: TextFile,
  splitter: Splitter,
  { hasHeader, signal }: { hasHeader: boolean; signal: AbortSignal },
): AsyncGenerator<RecordBlock, void, undefined> {
  const { file } = examined
  let headers = hasHeader ? 1 : 0
  try {
    for await (const cells of splitBlocks(examined, splitter, signal)) {
      yield { cells, from: headers }
      headers = 0
    }
  } catch (error) {
    // What looks broken may only be half written.
    const isBroken = isAppError(error) && error.code.startsWith('connector.file-')
    if (isBroken && !isSameStamp(await readStamp(file.handle), file.stamp)) {
      throw changedFile(file.label)
    }
    throw error
  }
}

async function* splitBlocks(
  examined: TextFile,
  splitter: Splitter,
  signal: AbortSignal,
): AsyncGenerator<Cells, void, undefined> {
  const { encoding, file, hasBom } = examined
  const decoder = openDecoder(encoding)
  const text = new PendingText(Math.min(2 * READ_BYTES, 3 * file.stamp.sizeBytes))
  let skip = hasBom ? (BOMS[encoding]?.length ?? 0) : 0
  for await (const { bytes, isLast } of readBlocks(file, signal, examined.sha256)) {
    const decoded = decoder.decode(bytes.subarray(skip), isLast)
    if (decoded === undefined) throw invalidFile(file.label, `bytes that are no ${encoding}`)
    skip = 0
    text.add(decoded)
    // A record that is longer than all there is is not looked through again and again.
    if (!isLast && text.length < text.wanted) continue
    for (;;) {
      const next = splitter.split(text.bytes, { from: text.from, to: text.length, isLast })
      if (splitter.cells.rowCount > 0) yield splitter.cells
      const isStuck = next === text.from
      text.from = next
      if (isStuck) break
    }
    assert(!isLast || text.from === text.length, 'At its end a file is split to its last byte.')
    text.keepRest()
    if (text.length > RECORD_BYTES_MAX) {
      throw invalidFile(file.label, 'a record of more than 512 MiB, or a quote that is not closed')
    }
  }
}

/** Text that was read and not split yet. */
class PendingText {
  bytes: Uint8Array
  from = 0
  length = 0
  /** How much there should be before it is worth another look. */
  wanted = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  add(more: Uint8Array): void {
    const needed = this.length + more.length
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
      larger.set(this.bytes.subarray(0, this.length))
      this.bytes = larger
    }
    this.bytes.set(more, this.length)
    this.length = needed
  }

  keepRest(): void {
    const rest = this.length - this.from
    this.wanted = rest > READ_BYTES ? 2 * rest : 0
    this.bytes.copyWithin(0, this.from, this.length)
    this.length = rest
    this.from = 0
  }
}
