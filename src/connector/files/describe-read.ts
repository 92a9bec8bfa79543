import type { DescribedEntity } from '#record/schema'
import { describeFormat, formatDefinition } from './dialect.ts'
import type { KeyCandidate } from './find-key.ts'
import { describeFields, describeKey, type ReadEntity } from './read-entity.ts'

/** An entity as a catalogue describes it, with remarks for a person. */
export function describeRead(read: ReadEntity): DescribedEntity {
  return {
    entity: read.entity,
    sourceId: null,
    fields: describeFields(read),
    key: describeKey(read),
    foreignKeys: [],
    definition: formatDefinition(read.format),
    // Files are in whatever order their program wrote them.
    scanOrder: 'none',
    missingGrant: null,
    hasOpenFields: read.format.kind === 'jsonl',
    remarks: [...listFormats(read), remarkOnKey(read), ...remarkOnHeader(read)],
  }
}

/** Parts may come from different hands. */
function listFormats({ parts }: ReadEntity): string[] {
  const formats = new Set(parts.map(({ format }) => describeFormat(format)))
  const count = parts.length === 1 ? '' : `${parts.length} parts: `
  return [...formats].map((format) => count + format)
}

function remarkOnKey({ isKeyDeclared, key, otherKeys, rowCount }: ReadEntity): string {
  const others = otherKeys.map(nameKey).slice(0, 3)
  if (isKeyDeclared && key.length === 0)
    return 'no key, as declared: equal records are told apart by nothing'
  if (isKeyDeclared) return `key ${key.join(', ')}, as declared`
  if (key.length > 0) {
    const why = `in ${rowCount} records it is never null and no two are alike`
    const also = others.length === 0 ? '' : `; so, as far as was looked, is ${others.join(' or ')}`
    return `key ${key.join(', ')}, found: ${why}${also}`
  }
  const found =
    others.length === 0
      ? 'no field is never null and nowhere the same twice'
      : `no field is named like one; never null and nowhere the same twice, as far as was looked: ${others.join(' or ')}`
  return `no key: ${found}. Declare one with \`key\` if you know it`
}

function nameKey({ fields }: KeyCandidate): string {
  return fields.length === 1 ? (fields[0] ?? '') : `(${fields.join(', ')})`
}

function remarkOnHeader({ format, names }: ReadEntity): string[] {
  const isValue = (name: string) => /^[-+]?\d+(?:[.,:/-]\d+)*$/.test(name)
  if (format.kind !== 'csv' || !format.dialect.hasHeader || !names.some(isValue)) return []
  return ['names of fields look like values: if the file has no header line, declare `header`']
}
