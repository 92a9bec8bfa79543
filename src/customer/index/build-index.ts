import type { EntityAt } from '#history/entity-at'
import { startOf } from '#segment/columns'
import { readVersions } from '#segment/read-versions'
import type { PlacedSegment, SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { RowFields } from '../values/row-fields.ts'
import { type Column, ColumnReader } from './column.ts'
import type { HalfSipHash } from './half-sip-hash.ts'
import { NameLinesWriter } from './name-lines.ts'
import type { PageSink } from './sealed-pages.ts'
import { ValueRunsWriter } from './value-runs.ts'

/** A column of a segment that is to be made, and where to. */
export type ColumnToBuild = { readonly column: Column; readonly sink: PageSink }

export type BuildIndexOptions = {
  readonly at: Pick<EntityAt, 'schema' | 'schemas'>
  readonly columns: readonly ColumnToBuild[]
  readonly hash: HalfSipHash
  onRows(rows: number): void
  readonly signal: AbortSignal
}

/** Entries that are sorted at a time, of all columns together: 64 MiB. */
const ENTRIES_MAX = 8_388_608

/** Reads all versions of a segment once, and writes what the columns are to find in them. */
export async function buildIndex(
  deps: SegmentReadDeps,
  placed: PlacedSegment,
  { at, columns, hash, onRows, signal }: BuildIndexOptions,
): Promise<void> {
  const { schema, schemas } = at
  const entriesMax = Math.min(Math.ceil(ENTRIES_MAX / columns.length), placed.ref.versionCount)
  const writers = columns.map((one) => openWriter(schema, one, { entriesMax, hash }))
  const row = new RowFields(schema.fields.length)
  let version = 0
  for await (const batch of readVersions(deps, placed, { schema, schemas, signal })) {
    const { count, ops, rows } = batch
    assert(rows !== null, 'Versions are read with rows.')
    const bytes = Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset, rows.bytes.byteLength)
    for (let i = 0; i < count; i++, version++) {
      const isDelete = ops[i] === OP_DELETE
      if (!isDelete) row.split(bytes, startOf(rows, i), rows.ends[i] ?? 0)
      for (const writer of writers) {
        if (writer.add(version, isDelete ? undefined : { bytes, row })) await writer.flush()
      }
    }
    onRows(count)
  }
  for (const writer of writers) await writer.flush()
}

type RowAt = { readonly bytes: Buffer; readonly row: RowFields }

type ColumnWriter = {
  /** @returns whether `flush` has to be called before the next */
  add(version: number, at: RowAt | undefined): boolean
  flush(): Promise<void>
}

function openWriter(
  schema: EntityAt['schema'],
  { column, sink }: ColumnToBuild,
  { entriesMax, hash }: { readonly entriesMax: number; readonly hash: HalfSipHash },
): ColumnWriter {
  const reader = new ColumnReader(schema, column)
  const read = (at: RowAt | undefined) => at && reader.read(at.bytes, at.row)
  if (column.kind === 'name') {
    const lines = new NameLinesWriter(sink)
    return {
      add(_version, at) {
        const size = read(at) ?? 0
        return lines.add(reader.bytes.subarray(0, size))
      },
      flush: () => lines.flush(),
    }
  }
  const runs = new ValueRunsWriter(sink, entriesMax)
  return {
    add(version, at) {
      const size = read(at)
      return size !== undefined && runs.add(hash.hash(reader.bytes, size), version)
    },
    flush: () => runs.flush(),
  }
}
