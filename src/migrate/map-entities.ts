import type { MappedType } from '#connector/mapping'
import { evolveSchema } from '#record/evolve-schema'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { FindKey } from './key-book.ts'
import { type MappedPart, openRule, type Unfitting } from './open-rule.ts'
import type { EntityRule, Mapping } from './parse-mapping.ts'
import type { Sides, TargetEntity } from './sides.ts'

/** One entity of the target, filled from one or several of the source. */
export type MappedEntity = {
  /** As the target describes it, with those fields only that the mapping names. */
  readonly schema: SchemaVersion
  readonly parts: readonly MappedPart[]
}

export type MappedEntities = {
  readonly entities: readonly MappedEntity[]
  /** What becomes of every field; what is not exact says why. */
  readonly report: readonly MappedType[]
}

/**
 * What a mapping makes of the entities of a point in the entities of a target.
 *
 * @param find asked while rows are mapped, and not before
 * @throws migrate.mapping-unfit with everything of it that fits nothing, all that it leaves out without
 * saying so, and every type and value that the target has no place for
 */
export function mapEntities(mapping: Mapping, sides: Sides, find: FindKey): MappedEntities {
  const problems: Unfitting[] = []
  const report: MappedType[] = []
  const entities: MappedEntity[] = []
  for (const [entity, rules] of Map.groupBy(mapping.entities, (rule) => rule.entity)) {
    const target = sides.target.entities.get(entity)
    if (target === undefined) {
      const known = [...sides.target.entities.keys()]
      const problem = `${sides.target.name} has no entity "${entity}"${didYouMean(entity, known)}`
      problems.push({ line: rules[0]?.line ?? 1, problem })
      continue
    }
    const schema = readSchema(target, rules, problems)
    const parts = rules.flatMap((rule) => {
      const judging = { problems, report, rule, schema, target }
      return openRule({ find, mapping, sides }, judging) ?? []
    })
    if (schema !== null) entities.push({ schema, parts })
  }
  if (problems.length > 0) throw unfit(mapping, sides, problems)
  return { entities, report }
}

/** `null` when it is not to be had. */
function readSchema(
  target: TargetEntity,
  rules: readonly EntityRule[],
  problems: Unfitting[],
): SchemaVersion | null {
  const { described } = target
  const named = new Set(rules.flatMap(({ fields }) => fields.map(({ field }) => field)))
  const found = rules.flatMap((rule) => {
    const others = rules.some(({ key }) => key !== rule.key)
    const mixed = others ? ['is filled with keys that are kept, and with new ones; need one'] : []
    const all = [...mixed, ...judgeKey(described, rule), ...judgeNamed(target, rule, named)]
    return all.map((problem) => ({ line: rule.line, problem: `${described.entity} ${problem}` }))
  })
  problems.push(...found)
  if (found.length > 0) return null
  const written = new Set([...named, ...(described.key?.fields ?? [])])
  return evolveSchema(undefined, onlyFields(described, written)).schema
}

function judgeKey({ key }: DescribedEntity, { fields, key: policy }: EntityRule): string[] {
  if (key === null) return ['has no key there, need one']
  const named = key.fields.filter((name) => fields.some(({ field }) => field === name))
  if (policy === 'keep') {
    const missing = key.fields.filter((name) => !named.includes(name))
    return missing.length === 0 ? [] : [`${missing.join(', ')} is its key and not named`]
  }
  if (named.length > 0) return [`${named.join(', ')} is named, and gets a new number`]
  const isNumber = key.fields.length === 1 && key.encodings[0] === 'integer'
  return isNumber ? [] : ['has no key of a single whole number, which the target could give']
}

/** What has to be there in every record is named, and the same in all parts. */
function judgeNamed(
  { described: { key }, fields }: TargetEntity,
  { fields: own }: EntityRule,
  named: ReadonlySet<string>,
): string[] {
  const lacks = (name: string) =>
    key?.fields.includes(name) !== true && own.every(({ field }) => field !== name)
  const needed = [...fields.values()].filter(({ isFilled, isNullable }) => !isFilled && !isNullable)
  const missing = needed.map(({ name }) => name).filter(lacks)
  const elsewhere = [...named].filter((name) => lacks(name) && !missing.includes(name))
  return [
    ...(missing.length === 0
      ? []
      : [`${missing.join(', ')} can be neither null nor filled by a default, and is not named`]),
    ...(elsewhere.length === 0
      ? []
      : [`${elsewhere.join(', ')} is named for records of another entity, need it here, too`]),
  ]
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

function unfit({ label }: Mapping, { target }: Sides, problems: readonly Unfitting[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const lines = sorted.map(({ line, problem }) => `\n  line ${line}: ${problem}`).join('')
  const message = `Cannot migrate into "${target.name}" by "${label}": found ${count}${lines}`
  return new AppError('migrate.mapping-unfit', message, { problems: sorted })
}
