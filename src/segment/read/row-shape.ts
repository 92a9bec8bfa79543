import type { SchemaVersion } from '#record/schema'
import type { RowShape } from '../block/decode-rows.ts'

/**
 * How rows written under `stored` are given under `asked`, a schema version of the same layout:
 * fields added since hold their missing value, fields added later are left out. `undefined` when
 * the two have no layout in common, whatever they say: a field is another one, or has no value.
 */
export function rowShape(stored: SchemaVersion, asked: SchemaVersion): RowShape | undefined {
  if (stored.layout !== asked.layout) return undefined
  const fieldCount = Math.min(stored.fields.length, asked.fields.length)
  for (let i = 0; i < fieldCount; i++) {
    if (stored.fields[i]?.id !== asked.fields[i]?.id) return undefined
  }
  const missing: string[] = []
  for (const field of asked.fields.slice(fieldCount)) {
    if (field.missing === null) return undefined
    missing.push(field.missing)
  }
  const separator = fieldCount > 0 ? '\t' : ''
  const added = missing.length > 0 ? `${separator}${missing.join('\t')}` : ''
  return { fieldCount, tail: new TextEncoder().encode(`${added}\n`) }
}
