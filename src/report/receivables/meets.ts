import type { Conditions } from './read-values.ts'

/** Whether a record counts, by the values of its fields. */
export function meets(
  fields: Readonly<Record<string, string | null>>,
  { unless = {}, when = {} }: Conditions,
): boolean {
  const isOne = ([name, values]: readonly [string, readonly string[]]) => {
    const value = fields[name] ?? null
    return value !== null && values.includes(value)
  }
  return Object.entries(when).every(isOne) && !Object.entries(unless).some(isOne)
}
