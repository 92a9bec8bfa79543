import { scriptJson } from '#stdx/html'
import type { DemoReportModel, DiffLine, RecordFields } from '../demo-report-model.ts'
import { listFieldChanges } from './group-changes.ts'
import { cut } from './section.ts'

/** A changed record as the page's table shows it. */
export type ChangeRow = {
  readonly source: string
  readonly entity: string
  readonly key: string
  /** Empty where nothing better than the key is known. */
  readonly name: string
  readonly op: DiffLine['op']
  /** Field, before, after, and 1 where it is sensitive. */
  readonly fields: readonly (readonly [string, string | null, string | null, 0 | 1])[]
}

/** Records shown before anybody asks for more. */
export const ROWS_SHOWN = 12
/** Characters of JSON that the page may carry for its table. */
const TABLE_CHARACTERS_MAX = 600_000

/** Rows for the table: sensitive ones first, then in turn one of each kind of change. */
export function listChangeRows(model: DemoReportModel): ChangeRow[] {
  const rows = model.changes.flatMap(({ source, lines }) =>
    lines.map((line) => toRow(model, source, line)),
  )
  const ranked = takeTurns(rows)
  let characters = 0
  const end = ranked.findIndex((row) => {
    characters += Buffer.byteLength(scriptJson(row).markup)
    return characters > TABLE_CHARACTERS_MAX
  })
  return end < 0 ? ranked : ranked.slice(0, end)
}

function takeTurns(rows: readonly ChangeRow[]): ChangeRow[] {
  const turnByKind = new Map<string, number>()
  const ranked = rows.map((row) => {
    if (row.fields.some(([, , , mark]) => mark === 1)) return { row, turn: -1 }
    const kind = `${row.source} ${row.entity} ${row.op}`
    const turn = turnByKind.get(kind) ?? 0
    turnByKind.set(kind, turn + 1)
    return { row, turn }
  })
  return ranked.toSorted((a, b) => a.turn - b.turn).map(({ row }) => row)
}

function toRow(model: DemoReportModel, source: string, line: DiffLine): ChangeRow {
  const { entity, key, op } = line
  const row = { source, entity, key: cut(key), name: nameOf(model, source, key), op }
  if (op === 'insert') return { ...row, fields: [[WHOLE, null, sumUp(line.after, key), 0]] }
  if (op === 'delete') return { ...row, fields: [[WHOLE, sumUp(line.before, key), null, 0]] }
  const changes = listFieldChanges(line)
  const loud = changes.filter(({ field }) => !model.quietFields.includes(field))
  const fields = (loud.length > 0 ? loud : changes).map(({ field, before, after }) => {
    const isSensitive = model.sensitiveFields.includes(`${entity}.${field}`)
    const shown = (value: string | null) => (value === null ? null : cut(value))
    return [field, shown(before), shown(after), isSensitive ? 1 : 0] as const
  })
  if (fields.length <= FIELDS_MAX) return { ...row, fields }
  const left = `${fields.length - FIELDS_MAX} more fields`
  return { ...row, fields: [...fields.slice(0, FIELDS_MAX), [left, '…', '…', 0]] }
}

/** Of a record in which more fields changed, the rest are only counted. */
export const FIELDS_MAX = 20

/** What stands in place of a field where a whole record came or went. */
const WHOLE = 'whole record'
const VALUES_MAX = 5

/** The first values of a record that its key does not say already, enough to know it by. */
function sumUp(fields: RecordFields | null, key: string): string {
  const said = new Set(key.split(',').map((part) => part.replaceAll('"', '')))
  const values = Object.values(fields ?? {}).filter((value) => value !== null && value !== '')
  const fresh = values.filter((value) => value !== null && !said.has(value))
  return cut(fresh.slice(0, VALUES_MAX).join(' · '))
}

function nameOf({ names }: DemoReportModel, source: string, key: string): string {
  const first = /^"((?:[^"]|"")*)"|^[^,]*/.exec(key)
  const value = first?.[1] ?? first?.[0] ?? ''
  const ofSource = Object.hasOwn(names, source) ? names[source] : undefined
  return ofSource !== undefined && Object.hasOwn(ofSource, value) ? (ofSource[value] ?? '') : ''
}
