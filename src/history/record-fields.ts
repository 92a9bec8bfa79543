import { padRow, sourceFields } from '#record/project'
import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { readLargeValue } from '#segment/large-values'
import type { SegmentReadDeps } from '#segment/segment'
import type { LargeValue } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'

/** Values by name, in the source's own order of fields; exactly the source's text, null for null. */
export type RecordFields = Readonly<Record<string, string | null>>

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
