import { createHash } from 'node:crypto'
import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { AppError, isAppError } from '#stdx/app-error'
import { type CheckedBlobs, checkBlock } from './check/check-block.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { type OpenSegment, openSegment, readRange } from './read/open-segment.ts'
import { scanTable } from './scan/scan-table.ts'
import { openRowScanner } from './scan-rows.ts'
import type { ObjectRef, PlacedSegment, SegmentReadDeps } from './segment.ts'

/** What is wrong with one object of a segment. */
export type SegmentProblem = { readonly object: string; readonly problem: string }

export type CheckSegmentOptions = {
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /**
   * `hashes`: every stored byte is what was committed. `authenticated`: every section opens with the
   * keys that were committed. `decoded`: every row is decoded, and digested and keyed again.
   */
  readonly depth: 'hashes' | 'authenticated' | 'decoded'
  /** Needed to digest again; without it, rows are decoded only. */
  readonly digestKey?: DigestKey
  readonly signal: AbortSignal
  /** Called with what was read of a block since the last call. */
  readonly onBytes?: (bytes: number) => void
}

const PIECE_BYTES = 4_194_304
const READ_AHEAD_BYTES = 1_048_576

/** Without a kernel it has one of its own, which takes its time to grow. */
type CheckDeps = SegmentReadDeps & { readonly kernel?: Kernel }

/** Checks many segments, also several at a time, as `checkSegment` does. */
export function openSegmentChecker(): typeof checkSegment {
  const kernel = openKernel()
  return async (deps, placed, options) => await checkSegment({ ...deps, kernel }, placed, options)
}

/**
 * Examines one segment to one depth and goes on behind what is damaged. Damage is the answer; what
 * keeps the check from looking is thrown. Holds one block at a time.
 * @throws segment.missing-key when the credential does not open what the depth needs | store.unavailable
 */
export async function checkSegment(
  deps: CheckDeps,
  placed: PlacedSegment,
  options: CheckSegmentOptions,
): Promise<SegmentProblem[]> {
  const problems = new Problems()
  const { blobs, keys, rows } = placed.ref
  if (options.depth === 'hashes') {
    for (const ref of [keys, rows, blobs]) {
      if (ref !== null) await problems.gather(() => checkHash(deps, ref, options))
    }
    return problems.list
  }
  await problems.gather(async () => {
    const segment = await openSegment(deps, placed, options.signal)
    await checkBlocks(deps, segment, options, problems)
  })
  return problems.list
}

async function checkBlocks(
  deps: CheckDeps,
  segment: OpenSegment,
  options: CheckSegmentOptions,
  problems: Problems,
): Promise<void> {
  const { depth, digestKey, schemas, signal } = options
  const { kernel = openKernel() } = deps
  const readAhead = { kernel, readAheadBytes: READ_AHEAD_BYTES, signal }
  const reader = new BlockReader(deps, segment, readAhead)
  const schema = schemas.get(segment.ref.schema)
  const blobs: CheckedBlobs = new Set()
  const rescan = schema && digestKey && openRescan(kernel, schema, digestKey)
  for (const block of segment.blocks) {
    signal.throwIfAborted()
    await problems.gather(() =>
      checkBlock(
        { deps, kernel, reader, schema, rescan, blobs, signal },
        block,
        depth === 'decoded',
      ),
    )
    options.onBytes?.(block.keysBytes + block.rowsBytes)
  }
}

function openRescan(kernel: Kernel, schema: SchemaVersion, digestKey: DigestKey) {
  const { row } = deriveDigestKeys(digestKey)
  return { table: scanTable(schema, row), scanner: openRowScanner(schema, digestKey, kernel) }
}

async function checkHash(
  deps: SegmentReadDeps,
  { name, sha256, sizeBytes }: ObjectRef,
  { onBytes, signal }: CheckSegmentOptions,
): Promise<void> {
  const found = await deps.store.stat(name, signal)
  if (found !== undefined && found.sizeBytes !== sizeBytes) {
    throw wrong(name, `it has ${found.sizeBytes} bytes, ${sizeBytes} were committed`)
  }
  const hash = createHash('sha256')
  for (let offset = 0; offset < sizeBytes; offset += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, sizeBytes - offset)
    hash.update(await readRange(deps, name, { offset, length }, signal))
    onBytes?.(length)
  }
  if (hash.digest('hex') === sha256) return
  throw wrong(name, 'its bytes are not those that were committed')
}

function wrong(object: string, found: string): AppError {
  return new AppError('segment.damaged', `Cannot read object "${object}": ${found}`, { object })
}

const PROBLEMS = [
  'segment.damaged',
  'segment.object-missing',
  'segment.format-unsupported',
] as const

/** Damage, as it is found. */
class Problems {
  readonly list: SegmentProblem[] = []

  /** Notes damage that `look` finds; anything else that fails is not an answer. */
  async gather(look: () => Promise<void>): Promise<void> {
    try {
      await look()
    } catch (error) {
      const isProblem = PROBLEMS.some((code) => isAppError(error, code))
      if (!isAppError(error) || !isProblem) throw error
      this.list.push({ object: String(error.details['object']), problem: error.message })
    }
  }
}
