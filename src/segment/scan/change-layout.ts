import { invalidRow, type ScanTable } from './scan-table.ts'

type NamedFields = { readonly fields: readonly string[]; readonly key: readonly string[] }

/** How rows of changes are read. */
export type ChangeLayout = NamedFields & {
  readonly puts: ScanTable
  /** Where each field of the schema stands in a row; `null`: in its place. */
  readonly order: readonly number[] | null
  readonly deletes: ScanTable
}

/**
 * @param last returned again when the fields are the same
 * @throws segment.row-invalid when the fields are not those of the schema and its key
 */
export function layoutOf(
  puts: ScanTable,
  { fields, key }: NamedFields,
  last: ChangeLayout | undefined,
): ChangeLayout {
  if (last !== undefined && isSame(last.fields, fields) && isSame(last.key, key)) return last
  const names = puts.schema.fields.map(({ name }) => name)
  const order = findAll(puts, names, fields)
  const isInPlace = order.every((at, i) => at === i)
  const deletes = deleteTable(puts, names, key)
  return { fields, key, puts, order: isInPlace ? null : order, deletes }
}

/** Rows that hold the fields of the key alone. */
function deleteTable(puts: ScanTable, names: readonly string[], key: readonly string[]): ScanTable {
  const fieldCount = puts.keyFields.length
  const wanted = puts.keyFields.map(({ field }) => names[field] ?? '')
  const places = findAll(puts, wanted, key)
  return {
    ...puts,
    fieldCount,
    trimFrom: fieldCount,
    missing: key.map(() => null),
    keyFields: puts.keyFields.map(({ encoding }, i) => ({ field: places[i] ?? 0, encoding })),
  }
}

function findAll(table: ScanTable, wanted: readonly string[], found: readonly string[]): number[] {
  const places = wanted.map((name) => found.indexOf(name))
  if (found.length === wanted.length && !places.includes(-1)) return places
  throw invalidRow(table, 'found other fields than its schema has')
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
}
