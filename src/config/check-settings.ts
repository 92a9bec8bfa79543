import type * as z from 'zod'
import { didYouMean, nearest } from '#stdx/did-you-mean'
import { sayWanted } from '#stdx/say-wanted'
import type { Path, Problem } from '#stdx/yaml-lines'
import { outlineSchema, retentionSchema, sourceSchema } from './file-schema.ts'
import type { YamlFile } from './yaml-file.ts'

export type Checked<T> =
  | { readonly kind: 'good'; readonly value: T }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/**
 * Checks the value at `path` against `schema`. Problems of values that wait for a missing variable
 * are left out; when only such were found, the answer is bad without problems.
 *
 * @param subject what the value describes, for messages: `source erp`
 */
export function checkSettings<T>(
  file: YamlFile,
  at: { readonly path: Path; readonly subject: string; readonly value: unknown },
  schema: z.ZodType<T>,
): Checked<T> {
  const result = schema.safeParse(at.value, { reportInput: true })
  if (result.success) return { kind: 'good', value: result.data }
  const isWaiting = (path: Path) =>
    file.missing.some((missing) => startsWith(path, missing.path) || isSame(path, missing.path))
  const problems = result.error.issues
    .filter((issue) => !isWaiting([...at.path, ...toPath(issue.path)]))
    .flatMap((issue) => describe(file, at, issue))
  return { kind: 'bad', problems }
}

function describe(
  file: YamlFile,
  { path, subject, value }: { path: Path; subject: string; value: unknown },
  issue: z.core.$ZodIssue,
): Problem[] {
  const inner = toPath(issue.path)
  const whole = [...path, ...inner]
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(subject)
    return issue.keys.map((key) => ({
      line: file.lineOf([...whole, key], true),
      problem: `"${key}" is no setting of ${subject}${didYouMean(key, known)}`,
    }))
  }
  const name = inner.join('.')
  const line = file.lineOf(whole)
  if (issue.code === 'invalid_union' && name === 'connector') {
    return [{ line, problem: unknownConnector(subject, value) }]
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [{ line, problem: `${subject} needs "${name}"` }]
  }
  const shown = name === '' ? subject : `"${name}" of ${subject}`
  return [{ line, problem: `${shown} is not valid: ${sayWanted(issue)}` }]
}

const CONNECTORS = sourceSchema.options.map(({ shape }) => shape.connector.value)

function knownKeys(subject: string): string[] {
  if (subject === 'the file') return Object.keys(outlineSchema.shape)
  const keys = sourceSchema.options.flatMap(({ shape }) => Object.keys(shape))
  return [...keys, ...Object.keys(retentionSchema.shape)]
}

function unknownConnector(subject: string, value: unknown): string {
  const found = isObject(value) ? value['connector'] : undefined
  const names = `${CONNECTORS.slice(0, -1).join(', ')} or ${CONNECTORS.at(-1)}`
  if (typeof found !== 'string') return `${subject} needs "connector": ${names}`
  const meant = nearest(found, CONNECTORS)
  return `${subject} has no known connector: found "${found}", wanted ${names}${
    meant === undefined ? '' : `; did you mean "${meant}"?`
  }`
}

function toPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((part) => (typeof part === 'number' ? part : String(part)))
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.length < path.length && prefix.every((part, i) => part === path[i])
}

function isSame(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
