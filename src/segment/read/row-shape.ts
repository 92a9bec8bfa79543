import type { SchemaVersion } from '#record/schema'
import type { RowShape } from '../block/decode-rows.ts'

/**
 * How rows written under `stored` are given under `asked`, a schema version of the same layout:
 * fields added since hold their missing value, fields added later are left out.
 */
export function rowShape(stored: SchemaVersion, asked: SchemaVersion): RowShape {
  const fieldCount = Math.min(stored.fields.length, asked.fields.length)
  const missing = asked.fields.slice(fieldCount).map((field) => field.missing ?? '\\N')
  const separator = fieldCount > 0 ? '\t' : ''
  const added = missing.length > 0 ? `${separator}${missing.join('\t')}` : ''
  return { fieldCount, tail: new TextEncoder().encode(`${added}\n`) }
}
