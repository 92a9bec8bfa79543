import type { DescribedKey, KeyEncoding } from '#record/schema'
import type { Contents } from './describe-fields.ts'
import { ANY_TYPE, readAffinity } from './field-form.ts'
import type { Column, Index } from './read-schema.ts'

export type KeyDescription = {
  readonly key: DescribedKey | null
  readonly scanOrder: 'key' | 'none'
}

export type KeyFacts = {
  readonly columns: readonly Column[]
  readonly indexes: readonly Index[]
  readonly contents: Contents
  /** Described types, by name of the field. */
  readonly typeByName: ReadonlyMap<string, string>
  /** Text is stored in UTF-8, whose byte order is the key order. */
  readonly isUtf8: boolean
}

/**
 * What identifies a record: the primary key, unless a field of it holds a null (SQLite lets it); then
 * the unique index over the fewest fields that are declared not null; then nothing.
 *
 * The scan keeps key order only where SQLite's own order over that index is the order of key bytes.
 */
export function describeKey(facts: KeyFacts): KeyDescription {
  const { columns, contents, indexes } = facts
  const primary = columns
    .filter(({ keyPlace }) => keyPlace > 0)
    .sort((a, b) => a.keyPlace - b.keyPlace)
  const mayIdentify = primary.every((c) => !c.isGenerated && !contents.withNull.has(c.name))
  const primaryIndex = indexes.find(({ isPrimaryKey }) => isPrimaryKey)
  if (primary.length > 0 && mayIdentify) return describe(facts, primary, primaryIndex)
  const [unique] = indexes
    .flatMap((index) => {
      const fields = uniqueFields(columns, index)
      return fields === undefined ? [] : [{ fields, index }]
    })
    .sort((a, b) => a.fields.length - b.fields.length)
  if (unique === undefined) return { key: null, scanOrder: 'none' }
  return describe(facts, unique.fields, unique.index)
}

function uniqueFields(columns: readonly Column[], index: Index): Column[] | undefined {
  if (!index.isUnique || index.isPartial) return undefined
  const fields = index.columns.flatMap(({ name }) => columns.filter((c) => c.name === name))
  const mayIdentify = fields.every(({ isNotNull, isGenerated }) => isNotNull && !isGenerated)
  return mayIdentify && fields.length === index.columns.length ? fields : undefined
}

/** Without an index the key is the rowid itself, which is in order. */
function describe(facts: KeyFacts, fields: readonly Column[], index?: Index): KeyDescription {
  const encodings = fields.map((field) => readEncoding(facts, field))
  const isInOrder = fields.every(({ name }, i) => {
    const indexed = index?.columns.find((column) => column.name === name)
    return isScannedInOrder(facts, name, encodings[i], indexed)
  })
  return {
    key: { fields: fields.map(({ name }) => name), encodings },
    scanOrder: isInOrder ? 'key' : 'none',
  }
}

function readEncoding({ contents, typeByName }: KeyFacts, { name, type }: Column): KeyEncoding {
  if (typeByName.get(name) === ANY_TYPE) return 'text'
  const affinity = readAffinity(type)
  if (affinity === 'integer' && !contents.notInteger.has(name)) return 'integer'
  return affinity === 'blob' && !contents.notBlob.has(name) ? 'bytes' : 'text'
}

function isScannedInOrder(
  { isUtf8, typeByName }: KeyFacts,
  name: string,
  encoding: KeyEncoding | undefined,
  indexed: Index['columns'][number] | undefined,
): boolean {
  if (indexed?.isDescending === true) return false
  if (encoding !== 'text') return true
  const type = typeByName.get(name) ?? ANY_TYPE
  // Numbers sort as numbers, and literals of mixed classes by class: neither is the order of text.
  if (type === ANY_TYPE || readAffinity(type) !== 'text') return false
  return isUtf8 && indexed?.collation === 'BINARY'
}
