import { sourceFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import { parseTableDefinition } from '../mysql/definition.ts'
import { convertText } from './convert-text.ts'
import { readMariadbType } from './mariadb-types.ts'
import type { NamedFields, NeutralDefault, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { MARIADB_SPELLING, parseCheck } from './portable-check.ts'
import type { SourceTables } from './source-tables.ts'

/** Tables of MariaDB as their schema versions remember them, in neutral words. */
export function readMariadbTables({ schemas, sequences }: SourceTables): NeutralTable[] {
  return schemas.map((schema) => readTable(schema, sequences[schema.entity]))
}

const NAME = /^`((?:[^`]|``)*)`/
const CHECK = / CHECK \((.*)\)$/s

function readTable(schema: SchemaVersion, next: string | undefined): NeutralTable {
  const { items, options } = parseTableDefinition(schema.definition)
  const columnByName = new Map(
    items.flatMap((item) => {
      const [quoted, name] = NAME.exec(item) ?? []
      return quoted === undefined ? [] : [[unquote(name ?? ''), item.slice(quoted.length)] as const]
    }),
  )
  const unmapped: Unmapped[] = []
  const fields = sourceFields(schema).map(({ isNullable, name, type }) => {
    const item = columnByName.get(name) ?? ''
    const own = withCollation(readMariadbType(type, readChecked(name, item)), item, options)
    const read = readDefault(item, own)
    if (read === 'unknown') unmapped.push({ from: `default of ${name}`, why: COMPUTED_DEFAULT })
    if (/ ON UPDATE /i.test(item)) unmapped.push({ from: `${name} ON UPDATE`, why: ON_UPDATE })
    const isFilled = read !== null || / AUTO_INCREMENT/.test(item)
    return { ...own, name, isNullable, default: read === 'unknown' ? null : read, isFilled }
  })
  for (const [name, item] of columnByName) {
    if (/ GENERATED ALWAYS AS /.test(item)) {
      unmapped.push({ from: `generated field ${name}`, why: GENERATED })
    }
  }
  const names = new Set(fields.map(({ name }) => name))
  const counting = fields.find(({ name }) => / AUTO_INCREMENT/.test(columnByName.get(name) ?? ''))
  return {
    entity: schema.entity,
    fields,
    ...readKeys(items, names, unmapped),
    foreignKeys: schema.foreignKeys,
    checks: readChecks(items, names, unmapped),
    counter: counting === undefined ? null : { field: counting.name, last: readLast(next) },
    unmapped,
  }
}

const COMPUTED_DEFAULT = 'it is computed in a way that only MariaDB knows'
const GENERATED = 'it is computed, and computed again nowhere else'
const ON_UPDATE = 'no other platform sets a time when a row changes'
const NOT_PORTABLE = 'it uses what only MariaDB knows'
const NO_SUCH_INDEX = 'it is over more than plain fields'

function unquote(name: string): string {
  return name.replaceAll('``', '`')
}

/** What a check of the column says of its type. */
function readChecked(name: string, item: string): 'boolean' | 'json' | undefined {
  const [, condition] = CHECK.exec(item) ?? []
  const quoted = `\`${name.replaceAll('`', '``')}\``
  if (condition === `json_valid(${quoted})`) return 'json'
  return condition === `${quoted} in (0,1)` ? 'boolean' : undefined
}

function withCollation(own: OwnType, item: string, options: string): OwnType {
  if (own.neutral.kind !== 'text' && own.neutral.kind !== 'padded') return own
  const [, collation = ''] =
    / COLLATE[ =](\w+)/.exec(item) ?? / COLLATE[ =](\w+)/.exec(options) ?? []
  if (collation === '' || collation.endsWith('_bin') || collation === 'binary') return own
  return { ...own, why: own.why ?? 'MariaDB compares it without regard to case' }
}

function readDefault(item: string, own: OwnType): NeutralDefault | null | 'unknown' {
  const [, sql = 'NULL'] =
    / DEFAULT ('(?:[^'\\]|''|\\.)*'|b'[01]*'|-?[0-9.]+|[A-Za-z_]+(?:\([^()]*\))?|\(.*\))/s.exec(
      item,
    ) ?? []
  if (sql.toUpperCase() === 'NULL') return null
  if (/^(?:current_timestamp|utc_timestamp|curdate)\(\d?\)$/i.test(sql)) return { kind: 'now' }
  const [, quoted] = /^'((?:[^'\\]|''|\\.)*)'$/s.exec(sql) ?? []
  const [, bits] = /^b'([01]*)'$/.exec(sql) ?? []
  const plain = quoted === undefined ? /^-?[0-9.]+$/.exec(sql)?.[0] : readQuoted(quoted)
  if (own.neutral.kind === 'bytes' || (bits ?? plain) === undefined) return 'unknown'
  const value = convertText(own.codec, bits?.padStart(lengthOf(own), '0') ?? plain ?? '')
  return value === undefined ? 'unknown' : { kind: 'value', text: value }
}

function lengthOf({ neutral }: OwnType): number {
  return neutral.kind === 'bits' ? neutral.length : 0
}

function readQuoted(text: string): string | undefined {
  // A control character is rare enough in a default to do without it.
  if (/\\[^'"\\]/.test(text)) return undefined
  return text.replaceAll("''", "'").replaceAll(/\\(.)/gs, '$1')
}

function readKeys(
  items: readonly string[],
  names: ReadonlySet<string>,
  unmapped: Unmapped[],
): Pick<NeutralTable, 'primaryKey' | 'uniques' | 'indexes'> {
  let primaryKey: readonly string[] = []
  const uniques: NamedFields[] = []
  const indexes: NamedFields[] = []
  for (const item of items) {
    const [head, kind] = /^(PRIMARY|UNIQUE|FULLTEXT|SPATIAL)? ?KEY /.exec(item) ?? []
    if (head === undefined) continue
    const [quoted = '', name = 'primary'] = NAME.exec(item.slice(head.length)) ?? []
    const list = /^ ?\((.*?)\)(?: USING \w+)?$/s.exec(item.slice(head.length + quoted.length))?.[1]
    const fields = readNames(list, names)
    if (fields === null || kind === 'FULLTEXT' || kind === 'SPATIAL') {
      unmapped.push({ from: item, why: NO_SUCH_INDEX })
    } else if (kind === 'PRIMARY') primaryKey = fields
    else if (kind === 'UNIQUE') uniques.push({ name: unquote(name), fields })
    else indexes.push({ name: unquote(name), fields })
  }
  return { primaryKey, uniques, indexes }
}

function readNames(list: string | undefined, known: ReadonlySet<string>): string[] | null {
  if (list === undefined) return null
  const parts = list.match(/`(?:[^`]|``)*`[^,]*/g) ?? []
  const fields = parts.map((part) => {
    const [whole, name] = /^`((?:[^`]|``)*)`(?: DESC)?$/.exec(part) ?? []
    return whole === undefined ? '' : unquote(name ?? '')
  })
  return fields.length > 0 && fields.every((name) => known.has(name)) ? fields : null
}

function readChecks(
  items: readonly string[],
  names: ReadonlySet<string>,
  unmapped: Unmapped[],
): NeutralTable['checks'] {
  return items.flatMap((item) => {
    const [, condition] = CHECK.exec(item) ?? []
    if (condition === undefined || / GENERATED ALWAYS AS /.test(item)) return []
    const [, column] = NAME.exec(item) ?? []
    if (column !== undefined && readChecked(unquote(column), item) !== undefined) return []
    const [, constraint] = /^CONSTRAINT `((?:[^`]|``)*)` CHECK /.exec(item) ?? []
    const tokens = parseCheck(condition, names, MARIADB_SPELLING)
    const name = constraint === undefined ? null : unquote(constraint)
    if (tokens !== null) return [{ name, tokens }]
    unmapped.push({ from: `CHECK (${condition})`, why: NOT_PORTABLE })
    return []
  })
}

function readLast(next: string | undefined): bigint | null {
  return next === undefined ? null : BigInt(next) - 1n
}
