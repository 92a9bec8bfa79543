import { padRow, sourceFields } from '#record/project'
import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import type { FoundVersion } from '#segment/find-versions'
import { readLargeValue } from '#segment/large-values'
import type { SegmentReadDeps } from '#segment/segment'
import { type LargeValue, OP_DELETE } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'

/** Values by name, in the source's own order of fields; exactly the source's text, null for null. */
export type RecordFields = Readonly<Record<string, string | null>>

/** A record's values with the schema that gives the fields their names. */
export type ReadRecord = { readonly schema: SchemaVersion; readonly fields: RecordFields }

/** A version under the schema that it was written under; `null` for a delete. */
export async function readVersion(
  deps: SegmentReadDeps,
  schemas: ReadonlyMap<number, SchemaVersion>,
  version: FoundVersion,
  signal: AbortSignal,
): Promise<ReadRecord | null> {
  if (version.op === OP_DELETE) return null
  const schema = schemas.get(version.schema)
  assert(schema !== undefined, 'A row was found under a schema version that is known.')
  return { schema, fields: await readRecordFields(deps, schema, version, signal) }
}

/**
 * Reads row text as named values under `schema`: the schema the row was written under, or a later
 * one of its layout. Large values are fetched and joined.
 */
export async function readRecordFields(
  deps: SegmentReadDeps,
  schema: SchemaVersion,
  { large, row }: { readonly row: Uint8Array; readonly large: readonly LargeValue[] },
  signal: AbortSignal,
): Promise<RecordFields> {
  const texts = schema.fields.length === 0 ? [] : padRow(splitRow(decodeRowText(row)), schema)
  const ordered = sourceFields(schema)
  const textById =
    ordered === schema.fields
      ? undefined
      : new Map(schema.fields.map(({ id }, index) => [id, texts[index]]))
  const fields: Record<string, string | null> = Object.create(null)
  for (const [index, { id, name }] of ordered.entries()) {
    const text = (textById ? textById.get(id) : texts[index]) ?? ''
    const marker = parseLargeMarker(text)
    // Only a large value is waited for: a wait per field costs more than all the rest.
    fields[name] = parseField(
      marker === undefined ? text : await readLarge(deps, large[marker], signal),
    )
  }
  return fields
}

async function readLarge(
  deps: SegmentReadDeps,
  value: LargeValue | undefined,
  signal: AbortSignal,
): Promise<string> {
  assert(value !== undefined, 'A marker in a row names one of its large values.')
  return decodeRowText(Buffer.concat(await largeParts(deps, value, signal)))
}

async function largeParts(
  deps: SegmentReadDeps,
  value: LargeValue,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  if (value.kind === 'bytes') return [...value.parts]
  return await collect(readLargeValue(deps, value.ref, signal))
}
