import type { EntityName } from '#record/entity-name'
import type { ForeignKey } from '#record/schema'
import { compactDefinition } from '../mysql/definition.ts'
import { quoteName, quoteNames, quoteText, tableOf } from '../mysql/quote.ts'
import { convertBack } from './convert-text.ts'
import { writeMariadbType } from './mariadb-types.ts'
import type { NeutralField, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { formatCheck, MARIADB_SPELLING } from './portable-check.ts'
import {
  chooseChecks,
  fieldKey,
  type MadeField,
  type MadeTable,
  type MadeTables,
  type Naming,
  nameApart,
} from './write-tables.ts'

/** Compares bytes, as PostgreSQL and SQLite do, and keeps blanks at the end apart. */
const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin'
const INDEX_BYTES_MAX = 3072
/** What a field that is no text may take in an index, and what marks a null. */
const FIELD_BYTES = 16
const CHARACTER_BYTES = 4
const ROW_BYTES_MAX = 60_000

/** Tables in the words of MariaDB. */
export function writeMariadbTables(tables: readonly NeutralTable[], naming: Naming): MadeTables {
  const keyed = measureKeyed(tables)
  const constraints = new Set<string>()
  const made = tables.map((table) => writeTable(table, { constraints, keyed, naming }))
  const counters = tables.flatMap(({ counter, entity }) =>
    counter === null || counter.last === null || counter.last < 0n
      ? []
      : [[naming(entity), String(counter.last + 1n)] as const],
  )
  return { tables: made, definition: {}, sequences: Object.fromEntries(counters) }
}

type Making = {
  /** Names of foreign keys, of which a database has each once. */
  readonly constraints: Set<string>
  readonly keyed: Keyed
  readonly naming: Naming
}

/** How many characters a text in a key may have, by entity and field. */
type Keyed = ReadonlyMap<string, number>

function measureKeyed(tables: readonly NeutralTable[]): Keyed {
  const lengths = new Map<string, number>()
  for (const { entity, fields, foreignKeys, primaryKey, uniques } of tables) {
    const isText = new Set(
      fields.filter(({ neutral }) => mayBeLong(neutral.kind)).map((f) => f.name),
    )
    const note = (of: EntityName, names: readonly string[]) => {
      const texts = names.filter((name) => of !== entity || isText.has(name))
      const bytes = INDEX_BYTES_MAX - FIELD_BYTES * names.length
      const length = Math.floor(bytes / CHARACTER_BYTES / Math.max(1, texts.length))
      for (const name of texts) {
        const key = fieldKey(of, name)
        lengths.set(key, Math.min(lengths.get(key) ?? length, length))
      }
    }
    for (const names of [primaryKey, ...uniques.map((unique) => unique.fields)]) note(entity, names)
    for (const key of foreignKeys) {
      note(entity, key.fields)
      note(key.entity, key.referencedFields)
    }
  }
  return lengths
}

function mayBeLong(kind: string): boolean {
  return !['integer', 'float', 'boolean', 'date', 'time', 'moment', 'instant', 'uuid'].includes(
    kind,
  )
}

function writeTable(table: NeutralTable, making: Making): MadeTable {
  const { keyed, naming } = making
  const unmapped: Unmapped[] = [...table.unmapped]
  const fields = fitIntoRow(
    table.fields.map((field) => {
      const keyLength = keyed.get(fieldKey(table.entity, field.name)) ?? null
      return writeField(field, keyLength, unmapped)
    }),
    ({ name }) => keyed.has(fieldKey(table.entity, name)),
  )
  const foreignKeys = table.foreignKeys.map((key) => ({
    ...key,
    name: nameKey(key, table, making),
  }))
  const counter = isCounterKeyed(table) ? table.counter?.field : undefined
  const items = [
    ...fields.map((field) => columnSql(field, field.name === counter)),
    ...(table.primaryKey.length === 0 ? [] : [`PRIMARY KEY (${quoteNames(table.primaryKey)})`]),
    ...keysSql(table, fields, unmapped),
    ...chooseChecks(table, new Set(['decimal', 'date', 'moment']), unmapped).map(
      ({ tokens }) => `CHECK (${formatCheck(tokens, MARIADB_SPELLING, quoteText)})`,
    ),
  ]
  return {
    entity: naming(table.entity),
    fields,
    definition: compactDefinition({
      engine: 'InnoDB',
      items,
      options: OPTIONS,
      types: Object.fromEntries(fields.map(({ name, own }) => [name, own.type])),
      charsets: {},
      foreignKeys: foreignKeys.map(
        ({ entity, fields: of, name, onDelete, onUpdate, referencedFields }) => ({
          name,
          fields: [...of],
          table: tableOf(naming(entity)),
          referencedFields: [...referencedFields],
          onDelete: actionOf(onDelete),
          onUpdate: actionOf(onUpdate),
        }),
      ),
    }),
    foreignKeys,
    unmapped,
  }
}

function writeField(
  field: NeutralField,
  keyLength: number | null,
  unmapped: Unmapped[],
): MadeField {
  const own = writeMariadbType(field.neutral, { keyLength })
  const sql = field.default === null ? null : defaultSql(field.default, own)
  if (sql === undefined)
    unmapped.push({ from: `default of ${field.name}`, why: 'it is no constant' })
  return { name: field.name, own, isNullable: field.isNullable, default: sql ?? null }
}

/** A row has room for 65 535 bytes: the longest texts are stored aside. */
function fitIntoRow(
  fields: readonly MadeField[],
  isKeyed: (field: MadeField) => boolean,
): readonly MadeField[] {
  const bytesOf = ({ own }: MadeField) =>
    4 * Number(/^(?:var)?char\((\d+)\)/.exec(own.type)?.[1] ?? 3)
  const made = [...fields]
  while (made.reduce((sum, field) => sum + bytesOf(field), 0) > ROW_BYTES_MAX) {
    const movable = made.filter((field) => /^varchar/.test(field.own.type) && !isKeyed(field))
    const [longest] = movable.toSorted((a, b) => bytesOf(b) - bytesOf(a))
    if (longest === undefined) break
    const why = 'its length is not limited there'
    made[made.indexOf(longest)] = { ...longest, own: { ...longest.own, type: 'longtext', why } }
  }
  return made
}

/** The server counts in a field that a key begins with, and in no other. */
function isCounterKeyed({ counter, indexes, primaryKey, uniques }: NeutralTable): boolean {
  const keys = [
    primaryKey,
    ...uniques.map(({ fields }) => fields),
    ...indexes.map((one) => one.fields),
  ]
  return keys.some(([first]) => first !== undefined && first === counter?.field)
}

function columnSql({ default: by, isNullable, name, own }: MadeField, isCounter: boolean): string {
  const { neutral, type } = own
  const quoted = quoteName(name)
  return [
    quoted,
    type,
    neutral.kind === 'json' ? 'COLLATE utf8mb4_bin' : '',
    isNullable ? 'NULL' : 'NOT NULL',
    by === null || isCounter ? '' : `DEFAULT ${by}`,
    isCounter ? 'AUTO_INCREMENT' : '',
    neutral.kind === 'boolean' ? `CHECK (${quoted} in (0,1))` : '',
    neutral.kind === 'json' ? `CHECK (json_valid(${quoted}))` : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function keysSql(
  { indexes, uniques }: NeutralTable,
  fields: readonly MadeField[],
  unmapped: Unmapped[],
): string[] {
  const used = new Set<string>(['primary'])
  const typeByName = new Map(fields.map(({ name, own }) => [name, own.type]))
  const unique = uniques.map(
    (key) => `UNIQUE KEY ${quoteName(nameApart(used, '', key))} (${quoteNames(key.fields)})`,
  )
  const plain = indexes.flatMap((key) => {
    const bytes = key.fields.reduce((sum, name) => sum + indexBytes(typeByName.get(name) ?? ''), 0)
    if (bytes <= 3072)
      return [`KEY ${quoteName(nameApart(used, '', key))} (${quoteNames(key.fields)})`]
    unmapped.push({ from: `index ${key.name}`, why: 'its fields are too long for one of MariaDB' })
    return []
  })
  return [...unique, ...plain]
}

function indexBytes(type: string): number {
  if (/^long(?:text|blob)/.test(type)) return Number.POSITIVE_INFINITY
  const [, base, length] = /^(varchar|char|varbinary)\((\d+)\)/.exec(type) ?? []
  return length === undefined ? 32 : Number(length) * (base === 'varbinary' ? 1 : 4)
}

function nameKey(
  key: ForeignKey,
  { entity }: NeutralTable,
  { constraints, naming }: Making,
): string {
  return nameApart(constraints, tableOf(naming(entity)), { name: key.name, fields: key.fields })
}

/** InnoDB has no SET DEFAULT. */
function actionOf(action: string): string {
  return action === 'SET DEFAULT' ? 'NO ACTION' : action
}

function defaultSql(by: NonNullable<NeutralField['default']>, own: OwnType): string | undefined {
  const { neutral, type } = own
  if (by.kind === 'now') {
    const digits = 'digits' in neutral ? neutral.digits : 0
    if (neutral.kind === 'moment') return `(current_timestamp(${digits}))`
    if (neutral.kind === 'instant') return `(utc_timestamp(${digits}))`
    return neutral.kind === 'date' ? '(curdate())' : undefined
  }
  const text = convertBack(own.codec, by.text)
  if (text === undefined) return undefined
  if (type.startsWith('bit(')) return `b'${text}'`
  return neutral.kind === 'bytes' ? `(x'${text.slice(2)}')` : quoteText(text)
}
