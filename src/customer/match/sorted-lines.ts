import { entryOf } from '#segment/columns'
import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { MeasureDeps } from '../measure-links.ts'

/** A text under a name; a name may have any number. */
export type Line = { readonly name: string; readonly text: string }

/** No digest key begins with it: what is sorted is never taken for one. */
const MARK = '\u0001'
const BATCH_LINES = 4096
/** Of one name no more are kept. */
const TEXTS_MAX = 256
const SORT_BYTES_MAX = 16 * 1_048_576

/** Lines in the order of their names, those of one name together. What memory does not hold lies sealed on disk. */
export async function* sortLines(
  deps: MeasureDeps,
  lines: AsyncIterable<Line>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly name: string; readonly texts: readonly string[] }> {
  let held: { name: string; texts: string[] } | undefined
  const sorted = sortVersions(deps, toBatches(lines), { memoryBytesMax: SORT_BYTES_MAX, signal })
  for await (const { count, keys, rows } of sorted) {
    assert(rows !== null, 'Lines have texts.')
    for (let i = 0; i < count; i++) {
      const name = Buffer.from(entryOf(keys, i)).toString('utf8').slice(MARK.length)
      const text = Buffer.from(entryOf(rows, i)).toString('utf8').slice(0, -1)
      if (held?.name === name) {
        if (held.texts.length < TEXTS_MAX) held.texts.push(text)
      } else {
        if (held !== undefined) yield held
        held = { name, texts: [text] }
      }
    }
  }
  if (held !== undefined) yield held
}

async function* toBatches(lines: AsyncIterable<Line>): AsyncGenerator<VersionBatch> {
  let held: Line[] = []
  for await (const line of lines) {
    held.push(line)
    if (held.length < BATCH_LINES) continue
    yield toBatch(held)
    held = []
  }
  if (held.length > 0) yield toBatch(held)
}

function toBatch(lines: readonly Line[]): VersionBatch {
  const count = lines.length
  return {
    count,
    keys: toColumn(lines.map(({ name }) => MARK + name)),
    rows: toColumn(lines.map(({ text }) => `${text}\n`)),
    seqs: new Uint32Array(count),
    ordinals: new Uint32Array(count).fill(1),
    ops: new Uint8Array(count),
    digests: new BigUint64Array(count),
    large: new Map(),
  }
}

function toColumn(texts: readonly string[]) {
  const parts = texts.map((text) => Buffer.from(text))
  let end = 0
  const ends = Uint32Array.from(parts, ({ length }) => {
    end += length
    return end
  })
  return { bytes: Uint8Array.from(Buffer.concat(parts)), ends }
}
