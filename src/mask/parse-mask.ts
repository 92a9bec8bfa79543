import { isEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { type CheckedYaml, check } from '#stdx/check-yaml'
import { formatProblems, type Path, type Problem, readYamlLines } from '#stdx/yaml-lines'
import { type MaskerName, maskFileSchema } from './mask-schema.ts'

export type MaskRule = {
  readonly masker: MaskerName
  /** Of what stands in the file. */
  readonly line: number
}

/** What a mask file says. */
export type Mask = {
  /** For messages. */
  readonly label: string
  readonly keyFile: string | undefined
  readonly unlisted: 'keep' | 'redact' | undefined
  /** By name of the field, wherever nothing else is said. */
  readonly fields: ReadonlyMap<string, MaskRule>
  /** By what the customer map calls a field that says who somebody is. */
  readonly identity: ReadonlyMap<string, MaskRule>
  /** By class of fields of the customer map. */
  readonly classes: ReadonlyMap<string, MaskRule>
  /** By role of the customer map, and field. */
  readonly roles: ReadonlyMap<string, EntityRules>
  /** By source, entity and field. */
  readonly sources: ReadonlyMap<string, ReadonlyMap<string, EntityRules>>
}

export type EntityRules = { readonly line: number; readonly fields: ReadonlyMap<string, MaskRule> }

/**
 * Reads the text of a mask file.
 *
 * @param label for messages
 * @throws mask.file-invalid with every problem of the file and its line
 */
export function parseMask(text: string, label: string): Mask {
  const yaml = readYamlLines(text)
  if (yaml.problems.length > 0) throw invalid(label, yaml.problems)
  const problems: Problem[] = []
  const reading: CheckedYaml = { yaml, problems, known: Object.keys(maskFileSchema.shape) }
  const value = yaml.toValue()
  const file = check(reading, { path: [], subject: 'the file', value: value ?? {} }, maskFileSchema)
  if (file === undefined) throw invalid(label, problems)
  const toRules = (path: Path, rules: Readonly<Record<string, MaskerName>>) =>
    new Map(
      Object.entries(rules).map(([field, masker]) => {
        return [field, { masker, line: yaml.lineOf([...path, field], true) }] as const
      }),
    )
  const sources = new Map<string, ReadonlyMap<string, EntityRules>>()
  for (const [source, entities] of Object.entries(file.sources)) {
    const rules = Object.entries(entities).map(([entity, fields]) => {
      const path = ['sources', source, entity]
      const line = yaml.lineOf(path, true)
      if (!isEntityName(entity)) problems.push({ line, problem: `"${entity}" is no entity` })
      return [entity, { line, fields: toRules(path, fields) }] as const
    })
    sources.set(source, new Map(rules))
  }
  if (problems.length > 0) throw invalid(label, problems)
  const roles = Object.entries(file.roles).map(([role, fields]) => {
    const path = ['roles', role]
    return [role, { line: yaml.lineOf(path, true), fields: toRules(path, fields) }] as const
  })
  const { keyFile, unlisted } = file
  return {
    ...{ label, keyFile, unlisted, sources },
    fields: toRules(['fields'], file.fields),
    identity: toRules(['identity'], file.identity),
    classes: toRules(['classes'], file.classes),
    roles: new Map(roles),
  }
}

function invalid(label: string, problems: readonly Problem[]): AppError {
  const message = `Cannot read mask file "${label}": ${formatProblems(problems)}`
  return new AppError('mask.file-invalid', message, { problems })
}
