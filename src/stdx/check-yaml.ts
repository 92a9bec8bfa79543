import type * as z from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { sayWanted } from './say-wanted.ts'
import type { Path, Problem, YamlLines } from './yaml-lines.ts'

/** A file while it is read: what is wrong with it is gathered, not thrown. */
export type CheckedYaml = {
  readonly yaml: YamlLines
  readonly problems: Problem[]
  /** Names of keys that the file may have, for who misspells one. */
  readonly known: readonly string[]
}

/** The value under a schema; what is wrong with it is added to the problems. */
export function check<T>(
  { known, problems, yaml }: CheckedYaml,
  at: { readonly path: Path; readonly subject: string; readonly value: unknown },
  schema: z.ZodType<T>,
): T | undefined {
  const result = schema.safeParse(at.value, { reportInput: true })
  if (result.success) return result.data
  for (const issue of result.error.issues) problems.push(...describe({ known, yaml }, at, issue))
  return undefined
}

function describe(
  { known, yaml }: Pick<CheckedYaml, 'known' | 'yaml'>,
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
