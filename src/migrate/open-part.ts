import { type NeutralField, toNeutralText } from '#connector/neutral-fields'
import { parseField } from '#record/row-text'
import { fieldsOfPart } from '#report/control-totals'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { type Expression, openExpression } from './expression.ts'
import type { PartRule } from './read-totals.ts'

/** How the records of a part of a total are read. */
export type PartReader = {
  /** What rows have to hold, in this order. */
  readonly fields: readonly string[]
  /**
   * Neutral values of `fieldsOfPart` of a row whose fields are escaped; `null`: it does not count.
   * @throws migrate.value-refused
   */
  read(row: readonly string[]): readonly (string | null)[] | null
}

/**
 * @param known the fields of the entity
 * @returns instead: what is wrong with the part
 */
export function openPart(
  part: PartRule,
  known: ReadonlyMap<string, NeutralField>,
): PartReader | readonly string[] {
  const asked = fieldsOfPart(part)
  const problems = asked
    .filter((field) => !known.has(field))
    .map((field) => `${part.entity} has no field "${field}"${didYouMean(field, [...known.keys()])}`)
  const when = part.when === null ? null : openExpression(part.when.text, [...known.keys()])
  if (typeof when === 'string') problems.push(`"when": ${when}`)
  if (problems.length > 0 || typeof when === 'string') return problems
  const needed = [...asked, ...(when?.uses ?? [])]
  // Rows without any field are nothing that a system gives.
  const fields = needed.length > 0 ? needed : [...known.keys()].slice(0, 1)
  const readers = fields.map((field) => readerOf(known.get(field)))
  return {
    fields,
    read(row) {
      const values = readers.map((read, i) => read(row[i] ?? ''))
      if (when !== null && !counts(part, when, { fields, values, from: asked.length })) return null
      return values.slice(0, asked.length)
    },
  }
}

/** What is no value of its type anywhere else stays as its system prints it: it is no amount then. */
function readerOf(field: NeutralField | undefined): (text: string) => string | null {
  return (text) => {
    const own = parseField(text)
    if (own === null || field === undefined) return own
    const neutral = toNeutralText(field, own)
    return 'text' in neutral ? neutral.text : own
  }
}

type Given = {
  readonly fields: readonly string[]
  readonly values: readonly (string | null)[]
  readonly from: number
}

function counts(part: PartRule, when: Expression, { fields, from, values }: Given): boolean {
  const named = fields.slice(from).map((field, i) => [field, values[from + i] ?? null] as const)
  const result = when.evaluate(Object.fromEntries(named))
  if ('value' in result && typeof result.value === 'boolean') return result.value
  const found = 'failed' in result ? result.failed : 'the expression gives neither true nor false'
  const message = `Cannot sum up ${part.entity}: line ${part.when?.line}: when: ${found}`
  throw new AppError('migrate.value-refused', message, { entity: part.entity })
}
