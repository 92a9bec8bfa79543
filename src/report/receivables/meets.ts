import type { Conditions, Wanted } from './read-values.ts'

/** Whether a record counts, by the values of its fields. */
export function meets(
  fields: Readonly<Record<string, string | null>>,
  { unless = {}, when = {} }: Conditions,
): boolean {
  const held = (name: string) => fields[name] ?? null
  const isMet = ([name, wanted]: readonly [string, Wanted]) => {
    if ('field' in wanted) return held(name) === held(wanted.field)
    return wanted.includes(held(name))
  }
  return Object.entries(when).every(isMet) && !Object.entries(unless).some(isMet)
}
