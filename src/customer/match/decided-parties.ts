import { type DecidedRecord, type Decision, nameOf } from '../decisions.ts'

/** Whether somebody decided on two parties already, directly or by way of others. */
export class DecidedParties {
  readonly #parents = new Map<string, string>()
  readonly #apart = new Set<string>()

  /** @param standing of each two records at most one */
  constructor(standing: readonly Decision[]) {
    for (const { a, b, decision } of standing) {
      if (decision === 'same') this.#parents.set(this.#rootOf(nameOf(a)), this.#rootOf(nameOf(b)))
    }
    for (const { a, b, decision } of standing) {
      if (decision === 'apart') this.#apart.add(this.#pairOf(a, b))
    }
  }

  isDecided(a: DecidedRecord, b: DecidedRecord): boolean {
    if (this.#parents.size === 0 && this.#apart.size === 0) return false
    return (
      this.#rootOf(nameOf(a)) === this.#rootOf(nameOf(b)) || this.#apart.has(this.#pairOf(a, b))
    )
  }

  #pairOf(a: DecidedRecord, b: DecidedRecord): string {
    return [this.#rootOf(nameOf(a)), this.#rootOf(nameOf(b))].sort().join('\n')
  }

  #rootOf(name: string): string {
    let root = name
    for (let up = this.#parents.get(root); up !== undefined && up !== root; ) {
      root = up
      up = this.#parents.get(root)
    }
    return root
  }
}
