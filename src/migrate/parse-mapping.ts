import { createHash } from 'node:crypto'
import * as z from 'zod'
import { type EntityName, isEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { type CheckedYaml, check } from '#stdx/check-yaml'
import { formatProblems, type Path, type Problem, readYamlLines } from '#stdx/yaml-lines'
import {
  type ElseInFile,
  entitySchema,
  type FieldInFile,
  fieldSchema,
  mappingFileSchema,
} from './mapping-schema.ts'
import { readTotals, type TotalRule } from './read-totals.ts'

/** What a mapping file says. */
export type Mapping = {
  /** For messages. */
  readonly label: string
  /** SHA-256 of its text, hex. */
  readonly hash: string
  /** In the order of the file; several may fill one entity of the target. */
  readonly entities: readonly EntityRule[]
  /** Sums that source and target have to agree about. */
  readonly totals: readonly TotalRule[]
}

/** How records of one entity of the source become records of one of the target. */
export type EntityRule = {
  readonly line: number
  /** Of the target. */
  readonly entity: EntityName
  /** Of the source. */
  readonly from: EntityName
  /** `mint`: the target numbers them. */
  readonly key: 'keep' | 'mint'
  readonly when: { readonly text: string; readonly line: number } | null
  readonly fields: readonly FieldRule[]
  readonly unmapped: readonly { readonly field: string; readonly line: number }[]
}

export type FieldRule = {
  readonly line: number
  /** Of the target. */
  readonly field: string
  readonly how: FieldSource
}

/** Where the values of a field come from. Texts are neutral: `true`, `2026-01-31`, `12.50`. */
export type FieldSource =
  | { readonly kind: 'field'; readonly from: string }
  | {
      readonly kind: 'values'
      readonly from: string
      readonly values: ReadonlyMap<string, string | null>
      readonly unlisted: Unlisted
    }
  | KeyOf
  | { readonly kind: 'expression'; readonly text: string }
  | { readonly kind: 'is'; readonly text: string | null }

/** What the record is called in the target whose key a field holds. */
export type KeyOf = {
  readonly kind: 'key-of'
  readonly from: string
  /** Of the source. */
  readonly of: EntityName
  /** Of the target; `null`: where it goes. */
  readonly in: EntityName | null
  readonly unlisted: 'refuse' | 'null'
}

export type Unlisted =
  | { readonly kind: 'refuse' | 'keep' }
  | { readonly kind: 'is'; readonly text: string | null }

const shapeSchema = mappingFileSchema.extend({
  entities: z.record(z.string(), z.unknown()),
  totals: z.array(z.unknown()).default([]),
})
const entityShape = entitySchema.extend({ fields: z.record(z.string(), z.unknown()) })

/**
 * Reads the text of a mapping file.
 *
 * @param label for messages
 * @throws migrate.file-invalid with every problem of the file and its line
 */
export function parseMapping(text: string, label: string): Mapping {
  const yaml = readYamlLines(text)
  if (yaml.problems.length > 0) throw invalid(label, yaml.problems)
  const problems: Problem[] = []
  const known = [mappingFileSchema, entitySchema].flatMap(({ shape }) => Object.keys(shape))
  const reading: CheckedYaml = { yaml, problems, known }
  const value = yaml.toValue()
  const file = check(reading, { path: [], subject: 'the file', value: value ?? {} }, shapeSchema)
  if (file === undefined) throw invalid(label, problems)
  const entities = Object.entries(file.entities).flatMap(([entity, said]) => {
    const path = ['entities', entity]
    if (!Array.isArray(said)) return readEntity(reading, { entity, path, said }) ?? []
    return said.flatMap((one: unknown, i) => {
      return readEntity(reading, { entity, path: [...path, i], said: one }) ?? []
    })
  })
  const totals = readTotals(reading, file.totals)
  if (problems.length === 0 && entities.length === 0)
    problems.push({ line: yaml.lineOf(['entities']), problem: '"entities" is empty' })
  if (problems.length > 0) throw invalid(label, problems)
  return { label, hash: createHash('sha256').update(text).digest('hex'), entities, totals }
}

type ReadingEntity = {
  /** Of the target. */
  readonly entity: string
  readonly path: Path
  readonly said: unknown
}

function readEntity(
  reading: CheckedYaml,
  { entity, path, said }: ReadingEntity,
): EntityRule | undefined {
  const { problems, yaml } = reading
  const shape = check(reading, { path, subject: entity, value: said }, entityShape)
  if (shape === undefined) return undefined
  const there = readEntityName(reading, entity, path)
  const from = readEntityName(reading, shape.from, [...path, 'from'])
  const fields = Object.entries(shape.fields).flatMap(([field, value]): FieldRule[] => {
    const at = [...path, 'fields', field]
    const subject = `${entity} ${field}`
    const how = check(reading, { path: at, subject, value }, fieldSchema)
    const source = how === undefined ? undefined : readSource(reading, how, at)
    return source === undefined ? [] : [{ line: yaml.lineOf(at, true), field, how: source }]
  })
  const line = yaml.lineOf(path, true)
  if (Object.keys(shape.fields).length === 0)
    problems.push({ line, problem: `${entity} has no fields` })
  if (there === undefined || from === undefined) return undefined
  const when = shape.when ?? null
  return {
    line,
    entity: there,
    from,
    key: shape.key,
    when: when === null ? null : { text: when, line: yaml.lineOf([...path, 'when'], true) },
    fields,
    unmapped: shape.unmapped.map((field, i) => {
      return { field, line: yaml.lineOf([...path, 'unmapped', i]) }
    }),
  }
}

function readSource(reading: CheckedYaml, said: FieldInFile, path: Path): FieldSource | undefined {
  if (typeof said === 'string') return { kind: 'field', from: said }
  if ('expression' in said) return { kind: 'expression', text: said.expression }
  if ('is' in said) return { kind: 'is', text: textOf(said.is) }
  if ('key-of' in said) return readKeyOf(reading, said, path)
  const { else: unlisted, from, values } = said
  return {
    kind: 'values',
    from,
    values: new Map(Object.entries(values).map(([text, becomes]) => [text, textOf(becomes)])),
    unlisted: readUnlisted(unlisted),
  }
}

function readKeyOf(
  reading: CheckedYaml,
  said: Extract<FieldInFile, { 'key-of': string }>,
  path: Path,
): KeyOf | undefined {
  const { else: unlisted, from, in: place } = said
  const of = readEntityName(reading, said['key-of'], [...path, 'key-of'])
  const there = place === undefined ? null : readEntityName(reading, place, [...path, 'in'])
  if (of === undefined || there === undefined) return undefined
  return { kind: 'key-of', from, of, in: there, unlisted }
}

function readUnlisted(said: ElseInFile): Unlisted {
  if (typeof said === 'object') return { kind: 'is', text: textOf(said.is) }
  return said === 'null' ? { kind: 'is', text: null } : { kind: said }
}

function textOf(value: string | number | boolean | null): string | null {
  return value === null ? null : String(value)
}

function readEntityName(
  { problems, yaml }: CheckedYaml,
  name: string,
  path: Path,
): EntityName | undefined {
  if (isEntityName(name)) return name
  problems.push({ line: yaml.lineOf(path, true), problem: `"${name}" is no entity: ${SPELLED}` })
  return undefined
}

const SPELLED = 'need names joined by dots, quoted with " where they are not plain'

function invalid(label: string, problems: readonly Problem[]): AppError {
  const message = `Cannot read mapping file "${label}": ${formatProblems(problems)}`
  return new AppError('migrate.file-invalid', message, { problems })
}
