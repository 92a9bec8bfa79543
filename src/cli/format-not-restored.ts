import { formatCount } from './format-amounts.ts'

/** What a point knows by name only. */
export type NotRestored = readonly { readonly kind: string; readonly name: string }[]

const NAMES_MAX = 10

export function listNames(notRestored: NotRestored): string {
  const names = notRestored.map(({ kind, name }) => `  ${kind} ${name}\n`)
  return `not restored, recorded by name only:\n${names.join('')}`
}

/** The same in one line when there are many: hundreds of names would hide what is to be agreed to. */
export function countKinds(notRestored: NotRestored): string {
  if (notRestored.length <= NAMES_MAX) return listNames(notRestored)
  const byKind = Map.groupBy(notRestored, ({ kind }) => kind)
  const counts = [...byKind].map(([kind, { length }]) => `${kind} (${formatCount(length)})`)
  return `not restored, recorded by name only (names with --plan-only): ${counts.join(', ')}\n`
}
