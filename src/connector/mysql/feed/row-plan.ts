import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import type { ChangeShape } from '../../changes/change-block.ts'
import { parseTableDefinition } from '../definition.ts'
import type { Charsets } from './charsets.ts'
import { type ColumnForm, formColumn } from './column-form.ts'
import type { TableMap } from './table-map.ts'

/** How the columns of a table in the log become the fields of a row. */
export type RowPlan = {
  readonly shape: ChangeShape
  /** By field: the column it stands in, and how it is written. */
  readonly columnByField: Int32Array
  readonly forms: readonly ColumnForm[]
  /** By part of the key: the field. */
  readonly keyFields: Int32Array
}

/** What to do with the changes of a table. */
export type Verdict =
  | { readonly kind: 'follow'; readonly plan: RowPlan }
  /** Not covered, or cannot be told exactly: its changes are passed over. */
  | { readonly kind: 'ignore' }

/** Why a description is not that of the rows. */
export type Misfit = { readonly misfit: string }

/** Columns of the server's own, which no catalogue shows. */
const HIDDEN = /^DB_ROW_HASH_\d+$/

/**
 * The forms of the fields, by field, when the table in the log has exactly the columns that the
 * description has, with the same types and the same primary key.
 */
export function fitColumns(
  map: TableMap,
  described: DescribedEntity,
  charsets: Charsets,
): readonly ColumnForm[] | Misfit {
  const { items } = parseTableDefinition(described.definition)
  const wanted = new Set(items.map(nameOfItem).filter((name) => name !== undefined))
  const found = map.columns.map(({ name }) => name).filter((name) => !HIDDEN.test(name))
  if (found.length !== wanted.size || !found.every((name) => wanted.has(name))) {
    return { misfit: 'its fields were changed' }
  }
  const byName = new Map(map.columns.map((column) => [column.name, column]))
  const forms: ColumnForm[] = []
  for (const { name, type } of described.fields) {
    const column = byName.get(name)
    const form = column && formColumn(column, type, charsets.find(column.collation))
    if (form === undefined) return { misfit: `the type of its field "${name}" was changed` }
    forms.push(form)
  }
  return hasPrimaryKey(map, items) ? forms : { misfit: 'its key was changed' }
}

/** `name` of the definition of a column. */
function nameOfItem(item: string): string | undefined {
  const quoted = /^`((?:[^`]|``)*)` /.exec(item)?.[1]
  return quoted?.replaceAll('``', '`')
}

function hasPrimaryKey({ columns, primaryKey }: TableMap, items: readonly string[]): boolean {
  const item = items.find((one) => one.startsWith('PRIMARY KEY '))
  if (item === undefined || primaryKey === null) return item === undefined && primaryKey === null
  const names = primaryKey.map((column) => columns[column]?.name ?? '')
  const wanted = [...item.matchAll(/`((?:[^`]|``)*)`/g)].map(([, name]) =>
    name?.replaceAll('``', '`'),
  )
  return names.length === wanted.length && names.every((name, i) => name === wanted[i])
}

export function planRows(map: TableMap, shape: ChangeShape, forms: readonly ColumnForm[]): RowPlan {
  const columns = new Map(map.columns.map(({ name }, i) => [name, i]))
  const columnByField = Int32Array.from(shape.fields, (name) => columns.get(name) ?? -1)
  const keyFields = Int32Array.from(shape.key, (name) => shape.fields.indexOf(name))
  assert(!columnByField.includes(-1), 'A table to follow has all fields.')
  assert(!keyFields.includes(-1), 'A key is among the fields.')
  return { shape, columnByField, forms, keyFields }
}
