import { parseField } from '#record/row-text'
import { BREAKS, type Break, type BreakKind, type BreakName } from '../receivables.ts'
import type { NumberText } from './records.ts'

/** So many of each kind are kept; all are counted. */
const SHOWN_MAX = 50

/** What does not add up: counts, and the first of each kind in the order in which they are told. */
export class BreakList {
  readonly #kinds = new Map<BreakName, { count: number; readonly shown: Break[] }>()

  add(kind: BreakName, found: () => Break): void {
    const all = this.#kinds.get(kind) ?? { count: 0, shown: [] }
    this.#kinds.set(kind, all)
    all.count += 1
    if (all.shown.length < SHOWN_MAX) all.shown.push(found())
  }

  /** In the order of `BREAKS`. */
  list(): BreakKind[] {
    const names = Object.keys(BREAKS) as BreakName[] // The keys of a table are the names in it.
    return names.flatMap((kind) => {
      const all = this.#kinds.get(kind)
      return all === undefined ? [] : [{ kind, help: BREAKS[kind], ...all }]
    })
  }
}

/** The values of a number, field by field. */
export function splitNumber(number: NumberText): (string | null)[] {
  return (parseField(number) ?? '').split('\t').map(parseField)
}
