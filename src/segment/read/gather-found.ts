import { gatherPieces, type Piece } from '../batch/pieces.ts'
import { entryOf } from '../columns.ts'
import { type BytesColumn, OP_DELETE, type VersionBatch } from '../version-batch.ts'
import { type RowSchemas, shapeOf, spreadRows } from './run-cursor.ts'
import type { FoundAt } from './seek-cursor.ts'

/** One version per key; a key without one stands as a delete with seq 0. */
export type FoundEntry = { readonly key: Uint8Array; readonly found: FoundAt | undefined }

/**
 * The versions as one batch, in the order of the entries. Rows are built only of those that were
 * found, a block at a time: every block is decompressed once.
 */
export async function gatherFound(
  entries: readonly FoundEntry[],
  schemas: RowSchemas | undefined,
): Promise<VersionBatch> {
  const byBlock = Map.groupBy(
    entries.flatMap(({ found }) => (found === undefined ? [] : [found])),
    ({ batch }) => batch,
  )
  const selected = new Map<VersionBatch, Selected>()
  for (const [batch, found] of byBlock) selected.set(batch, await selectVersions(found, schemas))
  const pieces = entries.map(({ key, found }): Piece => {
    const versions = found === undefined ? undefined : selected.get(found.batch)
    const at = versions?.positions.get(found?.index ?? -1)
    if (versions === undefined || at === undefined) return absent(key, schemas !== undefined)
    return { batch: versions.batch, from: at, to: at + 1 }
  })
  return gatherPieces(joinNeighbours(pieces))
}

type Selected = {
  readonly batch: VersionBatch
  /** Where a version of the block stands in `batch`. */
  readonly positions: ReadonlyMap<number, number>
}

async function selectVersions(
  found: readonly FoundAt[],
  schemas: RowSchemas | undefined,
): Promise<Selected> {
  const indexes = [...new Set(found.map(({ index }) => index))].sort((a, b) => a - b)
  const positions = new Map(indexes.map((index, at) => [index, at]))
  const [first] = found
  if (first === undefined) return { batch: gatherPieces([]), positions }
  const keysOnly = { ...first.batch, rows: null }
  const pieces = indexes.map((index) => ({ batch: keysOnly, from: index, to: index + 1 }))
  const batch = gatherPieces(joinNeighbours(pieces))
  if (schemas === undefined) return { batch, positions }
  const rows = await selectPuts(first, indexes, schemas)
  return { batch: { ...batch, rows: spreadRows(batch, rows) }, positions }
}

async function selectPuts(
  { reader, block, batch }: FoundAt,
  indexes: readonly number[],
  schemas: RowSchemas,
): Promise<BytesColumn> {
  const puts: number[] = []
  let put = 0
  let at = 0
  for (const index of indexes) {
    for (; at < index; at++) if (batch.ops[at] !== OP_DELETE) put += 1
    if (batch.ops[index] !== OP_DELETE) puts.push(put)
  }
  if (puts.length === 0) return { bytes: new Uint8Array(0), ends: new Uint32Array(0) }
  const shape = shapeOf(reader, schemas)
  return await reader.selectRows(block, shape, Uint32Array.from(puts))
}

function absent(key: Uint8Array, hasRows: boolean): Piece {
  const none = { bytes: new Uint8Array(0), ends: new Uint32Array(1) }
  const batch: VersionBatch = {
    count: 1,
    keys: { bytes: key.slice(), ends: Uint32Array.of(key.length) },
    seqs: new Uint32Array(1),
    ordinals: new Uint32Array(1),
    ops: Uint8Array.of(OP_DELETE),
    digests: new BigUint64Array(1),
    rows: hasRows ? none : null,
    large: new Map(),
  }
  return { batch, from: 0, to: 1 }
}

function joinNeighbours(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (last?.batch === piece.batch && last.to === piece.from) {
      joined[joined.length - 1] = { ...last, to: piece.to }
    } else {
      joined.push(piece)
    }
  }
  return joined
}

/** The key a found version has. */
export function keyOf({ batch, index }: Pick<FoundAt, 'batch' | 'index'>): Uint8Array<ArrayBuffer> {
  return entryOf(batch.keys, index)
}
