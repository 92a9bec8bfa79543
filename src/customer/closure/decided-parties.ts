import { type DecidedRecord, type Decision, nameOf } from '../decisions.ts'

const NOBODY: ReadonlySet<string> = new Set()

/**
 * What decisions say of any two parties, directly or by way of others: who is the same as somebody is
 * apart from whomever that one is apart from. Parties that are the same have one root.
 */
export class DecidedParties {
  readonly #parents = new Map<string, string>()
  readonly #apart = new Map<string, Set<string>>()

  /** @param standing of each two records at most one */
  constructor(standing: readonly Decision[]) {
    for (const { a, b, decision } of standing) {
      if (decision === 'same') this.#parents.set(this.rootOf(nameOf(a)), this.rootOf(nameOf(b)))
    }
    for (const { a, b, decision } of standing) {
      if (decision === 'same') continue
      const [left, right] = [this.rootOf(nameOf(a)), this.rootOf(nameOf(b))]
      // Said at once by two who did not know of each other; what makes them one goes before.
      if (left === right) continue
      this.#apart.set(left, new Set([...(this.#apart.get(left) ?? []), right]))
      this.#apart.set(right, new Set([...(this.#apart.get(right) ?? []), left]))
    }
  }

  rootOf(name: string): string {
    let root = name
    for (let up = this.#parents.get(root); up !== undefined && up !== root; ) {
      root = up
      up = this.#parents.get(root)
    }
    return root
  }

  /** Roots that a root is kept apart from. */
  apartOf(root: string): ReadonlySet<string> {
    return this.#apart.get(root) ?? NOBODY
  }

  get hasApart(): boolean {
    return this.#apart.size > 0
  }

  isApart(a: string, b: string): boolean {
    return this.apartOf(this.rootOf(a)).has(this.rootOf(b))
  }

  isDecided(a: DecidedRecord, b: DecidedRecord): boolean {
    const [left, right] = [nameOf(a), nameOf(b)]
    return this.rootOf(left) === this.rootOf(right) || this.isApart(left, right)
  }
}
