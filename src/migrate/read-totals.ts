import { type EntityName, isEntityName } from '#record/entity-name'
import { type CheckedYaml, check } from '#stdx/check-yaml'
import type { Path } from '#stdx/yaml-lines'
import { partSchema, totalShape } from './totals-schema.ts'

/** A sum that source and target have to agree about. */
export type TotalRule = {
  readonly line: number
  readonly name: string
  readonly source: readonly PartRule[]
  readonly target: readonly PartRule[]
  /** By field of the source: what its values are called in the target. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Records of one entity that are a part of it. */
export type PartRule = {
  readonly line: number
  readonly entity: EntityName
  readonly amount: FieldOrValue
  readonly by: readonly FieldOrValue[]
  readonly side: 'debit' | 'credit'
  readonly when: { readonly text: string; readonly line: number } | null
}

type FieldOrValue = string | { readonly is: string }

/** What stands under `totals`; what is wrong with it is added to the problems. */
export function readTotals(whole: CheckedYaml, said: readonly unknown[]): TotalRule[] {
  const known = [totalShape, partSchema].flatMap(({ shape }) => Object.keys(shape))
  const reading = { ...whole, known }
  const totals = said.flatMap((one, i) => readTotal(reading, one, ['totals', i]) ?? [])
  const names = new Set<string>()
  for (const { line, name } of totals) {
    if (names.has(name)) reading.problems.push({ line, problem: `"${name}" is there twice` })
    names.add(name)
  }
  return totals
}

function readTotal(reading: CheckedYaml, value: unknown, path: Path): TotalRule | undefined {
  const shape = check(reading, { path, subject: 'a total', value }, totalShape)
  if (shape === undefined) return undefined
  const line = reading.yaml.lineOf(path)
  const source = readParts(reading, shape.source, [...path, 'source'])
  const target = readParts(reading, shape.target, [...path, 'target'])
  const values = Object.fromEntries(
    Object.entries(shape.values).map(([field, names]) => {
      const texts = Object.entries(names).map(([from, to]) => [from, String(to)] as const)
      return [field, Object.fromEntries(texts)]
    }),
  )
  const total = { line, name: shape.name, source, target, values }
  for (const problem of judgeTotal(total)) reading.problems.push({ line, problem })
  return total
}

/** Pure. */
function judgeTotal({ name, source, target, values }: TotalRule): string[] {
  const problems: string[] = []
  const counts = new Set([...source, ...target].map(({ by }) => by.length))
  if (counts.size > 1)
    problems.push(`"${name}" has ${[...counts].join(' and ')} fields under "by", need as many`)
  const fields = new Set<unknown>(source.flatMap(({ by }) => by))
  const unknown = Object.keys(values).filter((field) => !fields.has(field))
  for (const field of unknown)
    problems.push(`"values" of "${name}" names ${field}, which no "by" of its source does`)
  return problems
}

function readParts(reading: CheckedYaml, said: unknown, path: Path): PartRule[] {
  if (!Array.isArray(said)) return readPart(reading, said, path)
  if (said.length === 0)
    reading.problems.push({ line: reading.yaml.lineOf(path), problem: 'nothing is summed up' })
  return said.flatMap((one: unknown, i) => readPart(reading, one, [...path, i]))
}

function readPart(reading: CheckedYaml, value: unknown, path: Path): PartRule[] {
  const { problems, yaml } = reading
  const part = check(reading, { path, subject: 'a part of a total', value }, partSchema)
  if (part === undefined) return []
  const { amount, by, entity, side, when } = part
  const line = yaml.lineOf([...path, 'entity'])
  if (!isEntityName(entity)) {
    problems.push({ line, problem: `"${entity}" is no entity` })
    return []
  }
  const toText = (one: typeof amount) => (typeof one === 'string' ? one : { is: String(one.is) })
  const said = when === undefined ? null : { text: when, line: yaml.lineOf([...path, 'when']) }
  return [{ line, entity, amount: toText(amount), by: by.map(toText), side, when: said }]
}
