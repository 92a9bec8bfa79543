import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { Random } from '#stdx/random'

export type SortDeps = { readonly random: Random; readonly tempDir: string }

/** No key of a record begins with it, so that no line is taken for one. */
const MARK = '\u0001'
const SORT_BYTES_MAX = 16 * 1_048_576

/**
 * Lines in the order of their bytes, whatever order they came in. Equal lines stay as many as they
 * were. What memory does not hold lies sealed in unnamed temporary files; holds some 60 MB at most.
 */
export async function* sortLines(
  deps: SortDeps,
  lines: AsyncIterable<readonly string[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void, undefined> {
  const options = { memoryBytesMax: SORT_BYTES_MAX, signal }
  for await (const { count, keys } of sortVersions(deps, toBatches(lines), options)) {
    const text = Buffer.from(keys.bytes.buffer, keys.bytes.byteOffset, keys.bytes.byteLength)
    let from = 0
    yield Array.from({ length: count }, (_, i) => {
      const to = keys.ends[i] ?? 0
      const line = text.toString('utf8', from + 1, to)
      from = to
      return line
    })
  }
}

async function* toBatches(
  lines: AsyncIterable<readonly string[]>,
): AsyncGenerator<VersionBatch, void, undefined> {
  for await (const some of lines) if (some.length > 0) yield toBatch(some)
}

function toBatch(lines: readonly string[]): VersionBatch {
  const count = lines.length
  const ends = new Uint32Array(count)
  let sizeBytes = 0
  for (const line of lines) sizeBytes += Buffer.byteLength(line) + 1
  const bytes = new Uint8Array(sizeBytes)
  const buffer = Buffer.from(bytes.buffer)
  let at = 0
  for (const [i, line] of lines.entries()) {
    at += buffer.write(`${MARK}${line}`, at)
    ends[i] = at
  }
  assert(at === sizeBytes, 'Lines are as long as they were measured.')
  return {
    count,
    keys: { bytes, ends },
    seqs: new Uint32Array(count),
    ordinals: new Uint32Array(count).fill(1),
    ops: new Uint8Array(count),
    digests: new BigUint64Array(count),
    rows: null,
    large: new Map(),
  }
}
