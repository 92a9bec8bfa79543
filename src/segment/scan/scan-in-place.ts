import type { KeyEncoding } from '#record/schema'
import type { Kernel } from '../kernel/open-kernel.ts'
import { DIGEST_SEED_BYTES, type ScanTable } from './scan-table.ts'

/** Where rows lie in the kernel's memory, and what is found out about them. */
export type ScanAreas = {
  readonly text: number
  /** Where each field ends, as `findFields` wrote it. */
  readonly ends: number
  readonly seed: number
  readonly missing: number
  readonly spec: number
  readonly digests: number
  readonly rowEnds: number
  readonly keyEnds: number
  readonly keys: number
  readonly rowCount: number
}

const ENCODINGS: Readonly<Record<KeyEncoding, number>> = { integer: 0, uuid: 1, bytes: 2, text: 3 }
const NO_VALUE = 0xffff_ffff
/** At most: an integer, or the 12 bytes of a digest with an occurrence. */
export const KEY_PART_BYTES = 12

/** Sizes of all areas behind text and ends. @param keyTextBytes of the fields that are keys */
export function sizesOfAreas(table: ScanTable, keyTextBytes: number, rowCount: number): number[] {
  const { missing, keyFields, fieldCount } = table
  const valueBytes = missing.reduce((sum, value) => sum + (value?.length ?? 0), 0)
  return [
    DIGEST_SEED_BYTES,
    8 * fieldCount + valueBytes,
    8 * keyFields.length,
    8 * rowCount,
    4 * rowCount,
    4 * rowCount,
    2 * keyTextBytes + KEY_PART_BYTES * rowCount * Math.max(1, keyFields.length),
  ]
}

/** @param rest addresses of the areas of `sizesOfAreas` */
export function areasAt(
  { ends, rowCount, text }: Pick<ScanAreas, 'text' | 'ends' | 'rowCount'>,
  rest: readonly number[],
): ScanAreas {
  const [seed = 0, missing = 0, spec = 0, digests = 0, rowEnds = 0, keyEnds = 0, keys = 0] = rest
  return { text, ends, seed, missing, spec, digests, rowEnds, keyEnds, keys, rowCount }
}

/** Digests every row; returns how many have the fields of the table. */
export function digestInPlace(kernel: Kernel, table: ScanTable, areas: ScanAreas): number {
  const { calls } = kernel
  const { text, ends, rowCount, seed, missing, digests, rowEnds } = areas
  const memory = kernel.bytes()
  memory.set(table.digestSeed, seed)
  putMissing(memory, table, missing)
  calls.sipKey(seed)
  calls.sipPrefix(seed + 16)
  const { fieldCount, trimFrom } = table
  return (
    calls.digestRows(text, ends, rowCount, fieldCount, missing, trimFrom, digests, rowEnds) >>> 0
  )
}

/**
 * Encodes the key of every row behind the `written` bytes of earlier ones; returns the bytes of all, or
 * KERNEL_FAILED at a bad one.
 */
export function encodeInPlace(
  kernel: Kernel,
  table: ScanTable,
  areas: ScanAreas,
  written = 0,
): number {
  const { calls } = kernel
  const { text, ends, rowCount, spec, digests, keyEnds, keys } = areas
  const { keyFields, fieldCount } = table
  if (keyFields.length === 0) {
    calls.digestKeys(digests, rowCount, keys + written, keyEnds)
    return written + KEY_PART_BYTES * rowCount
  }
  const parts = Uint32Array.from(
    keyFields.flatMap(({ field, encoding }) => [field, ENCODINGS[encoding]]),
  )
  kernel.bytes().set(new Uint8Array(parts.buffer), spec)
  const rows = [text, ends, rowCount, fieldCount]
  return calls.encodeKeys(...rows, spec, keyFields.length, keys, keyEnds, written) >>> 0
}

function putMissing(memory: Uint8Array, { missing }: ScanTable, at: number): void {
  const view = new DataView(memory.buffer)
  let valueAt = at + 8 * missing.length
  missing.forEach((value, field) => {
    view.setUint32(at + 8 * field, valueAt, true)
    view.setUint32(at + 8 * field + 4, value === null ? NO_VALUE : value.length, true)
    if (value === null) return
    memory.set(value, valueAt)
    valueAt += value.length
  })
}
