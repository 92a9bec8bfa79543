import type * as z from 'zod'
import { type EntityName, parseEntityName } from '#record/entity-name'
import { isAppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { sayWanted } from '#stdx/say-wanted'
import type { Path, Problem, YamlLines } from '#stdx/yaml-lines'

/** A customer map while it is read: what is wrong with it is gathered, not thrown. */
export type Reading = {
  readonly yaml: YamlLines
  readonly problems: Problem[]
  /** Names of entities by source, also of those with problems of their own. */
  readonly named: Map<string, EntityName[]>
  /** Names of keys that the file may have, for who misspells one. */
  readonly known: readonly string[]
}

export function readName(
  { problems, yaml }: Reading,
  path: Path,
  name: string,
  isKey: boolean,
): EntityName | undefined {
  try {
    const entity = parseEntityName(name)
    if (entity === name) return entity
    problems.push({ line: yaml.lineOf(path, isKey), problem: `"${name}" is written ${entity}` })
  } catch (error) {
    if (!isAppError(error, 'record.entity-invalid')) throw error
    const need = 'need names joined by dots, quoted with " where they are not plain'
    problems.push({
      line: yaml.lineOf(path, isKey),
      problem: `"${name}" is no name of an entity: ${need}`,
    })
  }
  return undefined
}

/** The value under a schema; what is wrong with it is added to the problems. */
export function check<T>(
  { known, problems, yaml }: Reading,
  at: { readonly path: Path; readonly subject: string; readonly value: unknown },
  schema: z.ZodType<T>,
): T | undefined {
  const result = schema.safeParse(at.value, { reportInput: true })
  if (result.success) return result.data
  for (const issue of result.error.issues) problems.push(...describe({ known, yaml }, at, issue))
  return undefined
}

function describe(
  { known, yaml }: Pick<Reading, 'known' | 'yaml'>,
  { path, subject }: { readonly path: Path; readonly subject: string },
  issue: z.core.$ZodIssue,
): Problem[] {
  const inner = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const whole = [...path, ...inner]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      line: yaml.lineOf([...whole, key], true),
      problem: `"${key}" is nothing that ${subject} can have${didYouMean(key, known)}`,
    }))
  }
  const line = yaml.lineOf(whole)
  const name = inner.join('.')
  if (issue.input === undefined) {
    return [{ line, problem: `${subject} needs "${name}"` }]
  }
  const shown = name === '' ? subject : `"${name}" of ${subject}`
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const wanted = issue.values.map(String)
    const hint = didYouMean(issue.input, wanted)
    const rest = hint !== '' ? hint : `: wanted ${wanted.join(', ')}`
    return [{ line, problem: `${shown} cannot be "${issue.input}"${rest}` }]
  }
  return [{ line, problem: `${shown} is not valid: ${sayWanted(issue)}` }]
}
