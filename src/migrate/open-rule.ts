import type { MappedType } from '#connector/mapping'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import { formatRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import { didYouMean } from '#stdx/did-you-mean'
import { type Expression, openExpression } from './expression.ts'
import type { Book } from './key-book.ts'
import { type MapValue, openField, readAll, unknownField } from './open-field.ts'
import type { Surroundings } from './open-key-of.ts'
import type { EntityRule } from './parse-mapping.ts'
import { openRecords, type RecordValues, Unfit } from './read-values.ts'
import type { Refusal } from './refusals.ts'
import type { PointRecord, SourceEntity, TargetEntity } from './sides.ts'

type Refuse = (refusal: Refusal) => void

/** How records of one entity of the source become records of one of the target. */
export type MappedPart = {
  readonly from: EntityName
  /** The target numbers them. */
  readonly isMinted: boolean
  /** What rows look up, and what keys do: it has to be found out before. */
  readonly books: readonly Book[]
  readonly keyBooks: readonly Book[]
  /** Whether a record is migrated; one of which that cannot be said is not. */
  isMeant(record: PointRecord): boolean
  /** The text of the one field that is its key in the target; `null` where there is none. */
  mapKey(record: PointRecord): string | null
  /** The row of the target, with its newline; `null`: it is none of those that are migrated, or refused. */
  mapRow(record: PointRecord, refuse: Refuse): string | null
}

/** A line of the file that does not fit. */
export type Unfitting = { readonly line: number; readonly problem: string }

type Judging = {
  readonly problems: Unfitting[]
  readonly report: MappedType[]
  readonly rule: EntityRule
  readonly target: TargetEntity
  /** Of what is written; `null`: there is none. */
  readonly schema: SchemaVersion | null
}

/** `null` when the source has no such entity; what does not fit is added to the problems. */
export function openRule(around: Surroundings, judging: Judging): MappedPart | null {
  const { problems, report, rule, target } = judging
  const { entity, from, line } = rule
  const { entities, name } = around.sides.source
  const source = entities.get(from)
  if (source === undefined) {
    const hint = didYouMean(from, [...entities.keys()])
    problems.push({ line, problem: `${name} has no entity "${from}"${hint}` })
    return null
  }
  const uses = new Set<string>()
  const values = new Map<string, NamedValue>()
  for (const one of rule.fields) {
    const place = `${entity} ${one.field}`
    const opened = openField(around, one, { entity: target, source })
    if (typeof opened === 'string') {
      problems.push({ line: one.line, problem: `${place}: ${opened}` })
      continue
    }
    const { book, from: made, uses: used, value, why } = opened
    for (const field of used) uses.add(field)
    values.set(one.field, { place, line: one.line, value, ...(book && { book }) })
    const to = target.fields.get(one.field)?.type ?? null
    report.push({ entity, field: one.field, from: made, to, exact: why === null, why })
  }
  const when = openWhen(rule, source, problems)
  for (const field of when?.expression.uses ?? []) uses.add(field)
  listLeftOut(judging, source, uses)
  return openPart(around, { judging, source, values, when })
}

type Opened = {
  readonly judging: Judging
  readonly source: SourceEntity
  readonly values: ReadonlyMap<string, NamedValue>
  readonly when: When | null
}

function openPart(
  { find }: Surroundings,
  { judging: { report, rule, schema, target }, source, values: named, when }: Opened,
): MappedPart {
  const { entity, from } = rule
  const [key = '', ...more] = target.described.key?.fields ?? []
  const isMinted = rule.key === 'mint'
  const values = new Map(named)
  if (isMinted) {
    const numbers: MapValue = ({ address }) => {
      const found = find({ from, entity }, address())
      assert(found !== undefined, 'A record that is migrated was numbered.')
      return found
    }
    values.set(key, { place: `${entity} ${key}`, line: rule.line, value: numbers })
    const to = target.fields.get(key)?.type ?? null
    const why = 'the target numbers its records by itself'
    report.push({ entity, field: key, from: 'a new number', to, exact: false, why })
  }
  const names = schema === null ? [] : scanFields(schema)
  const inOrder = names.flatMap((field) => values.get(field) ?? [])
  const keyValue = more.length === 0 ? values.get(key) : undefined
  const open = openRecords(source)
  const nobody = () => {}
  return {
    from,
    isMinted,
    books: inOrder.flatMap(({ book }) => book ?? []),
    keyBooks: keyValue?.book === undefined ? [] : [keyValue.book],
    isMeant: (record) => isMeant(when, open(record), nobody),
    mapKey: (record) => (keyValue === undefined ? null : textOrNull(keyValue, open(record))),
    mapRow(record, refuse) {
      const opened = open(record)
      return isMeant(when, opened, refuse) ? mapValues(inOrder, opened, refuse) : null
    },
  }
}

type NamedValue = {
  readonly place: string
  readonly line: number
  readonly value: MapValue
  readonly book?: Book
}

function mapValues(
  values: readonly NamedValue[],
  record: RecordValues,
  refuse: Refuse,
): string | null {
  const texts: (string | null)[] = []
  for (const { line, place, value } of values) {
    try {
      texts.push(value(record))
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      refuse({ line, place, reason: error.message })
    }
  }
  return texts.length < values.length ? null : formatRow(texts)
}

function textOrNull({ value }: NamedValue, record: RecordValues): string | null {
  try {
    return value(record)
  } catch (error) {
    // It is told when its row is mapped.
    if (error instanceof Unfit) return null
    throw error
  }
}

type When = { readonly expression: Expression; readonly line: number; readonly place: string }

function openWhen(rule: EntityRule, source: SourceEntity, problems: Unfitting[]): When | null {
  if (rule.when === null) return null
  const { line, text } = rule.when
  const place = `${rule.entity} when`
  const expression = openExpression(text, scanFields(source.schema))
  if (typeof expression !== 'string') return { expression, line, place }
  problems.push({ line, problem: `${place}: ${expression}` })
  return null
}

function isMeant(when: When | null, record: RecordValues, refuse: Refuse): boolean {
  if (when === null) return true
  const { expression, line, place } = when
  try {
    const found = expression.evaluate(readAll(record, [...expression.uses]))
    if ('failed' in found) refuse({ line, place, reason: found.failed })
    else if (typeof found.value === 'boolean') return found.value
    else refuse({ line, place, reason: 'the expression gives neither true nor false' })
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    refuse({ line, place, reason: error.message })
  }
  return false
}

/** Nothing is dropped silently: every field is used, or said to go nowhere. */
function listLeftOut(
  { problems, report, rule }: Judging,
  source: SourceEntity,
  uses: ReadonlySet<string>,
): void {
  const unmapped = new Set(rule.unmapped.map(({ field }) => field))
  for (const { field, line } of rule.unmapped) {
    if (!source.fields.has(field)) problems.push({ line, problem: unknownField(field, source) })
    else if (uses.has(field))
      problems.push({ line, problem: `${rule.from} ${field} is unmapped, and used` })
  }
  const forgotten = scanFields(source.schema).filter(
    (name) => !uses.has(name) && !unmapped.has(name),
  )
  if (forgotten.length > 0) {
    const problem = `${rule.from} ${forgotten.join(', ')} goes nowhere, need it used or in unmapped`
    problems.push({ line: rule.line, problem })
  }
  for (const field of unmapped) {
    const from = `${rule.from} ${field}`
    const why = 'the mapping leaves it out'
    report.push({ entity: rule.entity, field: null, from, to: null, exact: false, why })
  }
}
