import type { MappedType } from '#connector/mapping'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { scanFields } from '#record/project'
import { formatRow } from '#record/row-text'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { type Expression, openExpression } from './expression.ts'
import { type MapValue, openField, readAll, unknownField } from './open-field.ts'
import type { EntityRule, FieldRule, Mapping } from './parse-mapping.ts'
import { openRecords, type RecordValues, Unfit } from './read-values.ts'
import type { Refusal } from './refusals.ts'
import type { Sides, SourceEntity, TargetEntity } from './sides.ts'

/** One entity of the target, filled from one or several of the source. */
export type MappedEntity = {
  /** As the target describes it, with those fields only that the mapping names. */
  readonly schema: SchemaVersion
  readonly parts: readonly MappedPart[]
}

export type MappedPart = {
  readonly from: EntityName
  /**
   * The row of the target, with its newline, that a row of the source becomes; `null`: it is none of
   * those that are migrated, or refused.
   *
   * @param row escaped fields
   */
  mapRow(row: readonly string[], refuse: (refusal: Refusal) => void): string | null
}

export type MappedEntities = {
  readonly entities: readonly MappedEntity[]
  /** What becomes of every field; what is not exact says why. */
  readonly report: readonly MappedType[]
}

/**
 * What a mapping makes of the entities of a point in the entities of a target.
 *
 * @throws migrate.mapping-unfit with everything of it that fits nothing, all that it leaves out without
 * saying so, and every type and value that the target has no place for
 */
export function mapEntities(mapping: Mapping, sides: Sides): MappedEntities {
  const problems: Unfitting[] = []
  const report: MappedType[] = []
  const entities: MappedEntity[] = []
  for (const [entity, rules] of Map.groupBy(mapping.entities, (rule) => rule.entity)) {
    const target = sides.target.entities.get(entity)
    const line = rules[0]?.line ?? 1
    if (target === undefined) {
      const known = [...sides.target.entities.keys()]
      const problem = `${sides.target.name} has no entity "${entity}"${didYouMean(entity, known)}`
      problems.push({ line, problem })
      continue
    }
    const schema = readSchema(target, rules, problems)
    const parts = rules.flatMap((rule) => {
      const judging = { problems, report, rule, target }
      const part = openRule(judging, sides, schema)
      return part === null ? [] : [part]
    })
    if (schema !== null) entities.push({ schema, parts })
  }
  if (problems.length > 0) throw unfit(mapping, sides, problems)
  return { entities, report }
}

type Unfitting = { readonly line: number; readonly problem: string }

/** `null` when it is not to be had. */
function readSchema(
  { described, fields }: TargetEntity,
  rules: readonly EntityRule[],
  problems: Unfitting[],
): SchemaVersion | null {
  const { entity, key } = described
  const named = new Set(rules.flatMap((rule) => rule.fields.map(({ field }) => field)))
  const count = problems.length
  for (const { fields: own, line } of rules) {
    const has = new Set(own.map(({ field }) => field))
    const lacking = (names: readonly string[], found: string) => {
      const missing = names.filter((name) => !has.has(name))
      if (missing.length > 0)
        problems.push({ line, problem: `${entity} ${missing.join(', ')} ${found}` })
    }
    if (key === null) problems.push({ line, problem: `${entity} has no key there, need one` })
    lacking(key?.fields ?? [], 'is its key and not named')
    const needed = [...fields.values()].filter(
      ({ isFilled, isNullable, name }) => !isFilled && !isNullable && !key?.fields.includes(name),
    )
    lacking(
      needed.map(({ name }) => name),
      'can be neither null nor filled by a default, and is not named',
    )
    const others = [...named].filter((name) => !needed.some((one) => one.name === name))
    lacking(
      others.filter((name) => !key?.fields.includes(name)),
      'is named elsewhere for the same entity, need it here, too',
    )
  }
  if (problems.length > count) return null
  return evolveSchema(undefined, onlyFields(described, named)).schema
}

function onlyFields(described: DescribedEntity, names: ReadonlySet<string>): DescribedEntity {
  return {
    ...described,
    fields: described.fields.filter(({ name }) => names.has(name)),
    foreignKeys: described.foreignKeys.filter(({ fields }) =>
      fields.every((field) => names.has(field)),
    ),
  }
}

type JudgingPart = {
  readonly problems: Unfitting[]
  readonly report: MappedType[]
  readonly rule: EntityRule
  readonly target: TargetEntity
}

function openRule(
  { problems, report, rule, target }: JudgingPart,
  { source: { entities, name } }: Sides,
  schema: SchemaVersion | null,
): MappedPart | null {
  const { entity, from, line } = rule
  const source = entities.get(from)
  if (source === undefined) {
    const hint = didYouMean(from, [...entities.keys()])
    problems.push({ line, problem: `${name} has no entity "${from}"${hint}` })
    return null
  }
  const uses = new Set<string>()
  const values = new Map<string, NamedValue>()
  for (const one of rule.fields) {
    const opened = openTargetField(one, source, target)
    if (typeof opened === 'string') problems.push({ line: one.line, problem: opened })
    else {
      for (const field of opened.uses) uses.add(field)
      values.set(one.field, {
        place: `${entity} ${one.field}`,
        line: one.line,
        value: opened.value,
      })
      const { from: made, why } = opened
      const to = target.fields.get(one.field)?.type ?? null
      report.push({ entity, field: one.field, from: made, to, exact: why === null, why })
    }
  }
  const when = openWhen(rule, source, problems)
  for (const field of when?.expression.uses ?? []) uses.add(field)
  listLeftOut({ problems, report, rule, target }, source, uses)
  const names = schema === null ? [] : scanFields(schema)
  const inOrder = names.flatMap((field) => values.get(field) ?? [])
  return { from, mapRow: openRows(source, when, inOrder) }
}

function openTargetField(rule: FieldRule, source: SourceEntity, target: TargetEntity) {
  const { described, fields } = target
  const field = fields.get(rule.field)
  const known = [...fields.keys()]
  if (field === undefined)
    return `${described.entity} has no field "${rule.field}"${didYouMean(rule.field, known)}`
  const opened = openField(rule, source, field)
  return typeof opened === 'string' ? `${described.entity} ${rule.field}: ${opened}` : opened
}

/** Nothing is dropped silently: every field is used, or said to go nowhere. */
function listLeftOut(
  { problems, report, rule }: JudgingPart,
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

type NamedValue = { readonly place: string; readonly line: number; readonly value: MapValue }

function openRows(
  source: SourceEntity,
  when: When | null,
  values: readonly NamedValue[],
): MappedPart['mapRow'] {
  const open = openRecords(source)
  return (row, refuse) => {
    const record = open(row)
    if (when !== null && !isMeant(when, record, refuse)) return null
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
}

function isMeant(
  { expression, line, place }: When,
  record: RecordValues,
  refuse: (refusal: Refusal) => void,
): boolean {
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

function unfit({ label }: Mapping, { target }: Sides, problems: readonly Unfitting[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const lines = sorted.map(({ line, problem }) => `\n  line ${line}: ${problem}`).join('')
  const message = `Cannot migrate into "${target.name}" by "${label}": found ${count}${lines}`
  return new AppError('migrate.mapping-unfit', message, { problems: sorted })
}
