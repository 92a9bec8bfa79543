import type { KeyEncoding, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'

/** What scanning the rows of one schema version needs to know. */
export type ScanTable = {
  readonly schema: SchemaVersion
  /** SipHash key (16), then layout id (8, little-endian). */
  readonly digestSeed: Uint8Array
  /** Tabs and newlines in a row: its fields, or 1 for an entity that has none. */
  readonly fieldCount: number
  /** First field that may be left out of the digest; `fieldCount` when none may. */
  readonly trimFrom: number
  /** Per field the text that its absence stands for. */
  readonly missing: readonly (Uint8Array | null)[]
  /** Fields of the key in key order; empty when the digest is the key. */
  readonly keyFields: readonly { readonly field: number; readonly encoding: KeyEncoding }[]
}

export const DIGEST_SEED_BYTES = 24

export function scanTable(schema: SchemaVersion, rowKey: Uint8Array): ScanTable {
  const missing = schema.fields.map((field) =>
    field.missing === null ? null : new TextEncoder().encode(field.missing),
  )
  const digestSeed = new Uint8Array(DIGEST_SEED_BYTES)
  digestSeed.set(rowKey)
  new DataView(digestSeed.buffer).setBigUint64(16, BigInt(schema.layout), true)
  const lastRequired = missing.lastIndexOf(null)
  return {
    schema,
    digestSeed,
    fieldCount: Math.max(1, missing.length),
    // A row without text would be a row of one empty field: the first field is always kept.
    trimFrom: Math.max(1, lastRequired + 1),
    missing,
    keyFields: keyFieldsOf(schema),
  }
}

function keyFieldsOf({ key, fields }: SchemaVersion): ScanTable['keyFields'] {
  if (key.kind === 'digest') return []
  return key.fieldIds.map((id, i) => ({
    field: fields.findIndex((field) => field.id === id),
    encoding: key.encodings[i] ?? 'text',
  }))
}

/** A row that does not fit; the message never holds its values. */
export function invalidRow({ schema }: ScanTable, found: string, cause?: unknown): AppError {
  const { entity, version } = schema
  const message = `Cannot take a row of ${entity}: ${found}`
  return new AppError('segment.row-invalid', message, { entity, schema: version }, { cause })
}
