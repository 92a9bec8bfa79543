import { AppError } from '#stdx/app-error'

/** Why a value has no place in the target, and where the mapping file says that it goes there. */
export type Refusal = {
  readonly line: number
  /** The entity of the target and its field, if it is about one. */
  readonly place: string
  /** Never a value. */
  readonly reason: string
}

type Counted = Refusal & { readonly first: string; count: number }

/** Gathers what is refused over all records: a person mends a file once, not once for each record. */
export class Refusals {
  readonly #counted = new Map<string, Counted>()

  /** @param record names the record of the point: `public.customer:42` */
  add(refusal: Refusal, record: string): void {
    const key = `${refusal.line}\0${refusal.place}\0${refusal.reason}`
    const known = this.#counted.get(key)
    if (known === undefined) this.#counted.set(key, { ...refusal, first: record, count: 1 })
    else known.count += 1
  }

  /** @throws migrate.value-refused naming fields, how many records of each, and the first of them */
  throwIfAny(label: string): void {
    const all = [...this.#counted.values()].sort((a, b) => a.line - b.line)
    if (all.length === 0) return
    const lines = all.map(({ count, first, line, place, reason }) => {
      const records = count === 1 ? `1 record, ${first}` : `${count} records, the first ${first}`
      return `\n  line ${line}: ${place}: ${reason}: ${records}`
    })
    const found = all.length === 1 ? '1 kind of value' : `${all.length} kinds of values`
    const message = `Cannot migrate by "${label}": found ${found} without a place${lines.join('')}`
    throw new AppError('migrate.value-refused', message, { refusals: all })
  }
}
