import type { EntityName } from '#record/entity-name'
import { parseRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import { entryOf } from '../columns.ts'
import { openKernel } from '../kernel/open-kernel.ts'
import { BlockReader } from '../read/block-reader.ts'
import { openSegment } from '../read/open-segment.ts'
import { RunCursor } from '../read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from '../segment.ts'
import { OP_DELETE } from '../version-batch.ts'

/** One version as it lies in a segment. */
export type StoredVersion = {
  readonly entity: EntityName
  readonly generation: number
  readonly seq: number
  readonly ordinal: number
  /** Its key's canonical text in hex: the same for the same record. */
  readonly key: string
  /** Values by name; `null` for a delete. Large values are as they stand in the row. */
  readonly fields: Readonly<Record<string, string | null>> | null
}

/** Every version of the segments, one segment after the other: nothing is merged or chosen. */
export async function* allVersions(
  deps: SegmentReadDeps,
  schemas: ReadonlyMap<EntityName, readonly SchemaVersion[]>,
  segments: readonly PlacedSegment[],
): AsyncGenerator<StoredVersion, void, undefined> {
  const kernel = openKernel()
  const { signal } = new AbortController()
  for (const placed of segments) {
    const { entity, generation, schema: version } = placed.ref
    const asked = schemas.get(entity)?.find((one) => one.version === version)
    assert(asked !== undefined, 'A segment is of a known schema version.')
    const segment = await openSegment(deps, placed, signal)
    const reader = new BlockReader(deps, segment, { kernel, readAheadBytes: 0, signal })
    const cursor = await RunCursor.open(reader)
    if (cursor === undefined) continue
    const own = { schemas: new Map([[version, asked]]), asked }
    do {
      const batch = await cursor.batchWithRows(own)
      const { count, keys, ops, ordinals, rows, seqs } = batch
      assert(rows !== null, 'Rows were asked for.')
      for (let i = 0; i < count; i++) {
        const isDelete = ops[i] === OP_DELETE
        const values = isDelete ? [] : parseRow(Buffer.from(entryOf(rows, i)).toString())
        const named = asked.fields.map(({ name }, at) => [name, values[at] ?? null])
        yield {
          entity,
          generation,
          seq: seqs[i] ?? 0,
          ordinal: ordinals[i] ?? 0,
          key: Buffer.from(entryOf(keys, i)).toString('hex'),
          fields: isDelete ? null : Object.fromEntries(named),
        }
      }
    } while (await cursor.moveTo(cursor.batch.count))
  }
}
