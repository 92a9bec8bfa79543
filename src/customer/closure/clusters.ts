import type { Decided } from './decided-links.ts'

/**
 * Which records of a walk are of one customer, as far as it matters for who is kept apart from whom: a
 * walk may begin at several customers. Holds nothing where nobody is kept apart.
 */
export class Clusters {
  readonly #apart: Decided['apart']
  readonly #parents = new Map<string, string>()

  constructor(apart: Decided['apart']) {
    this.#apart = apart
  }

  /** Whether anybody is kept apart at all. */
  get isWanted(): boolean {
    return this.#apart.size > 0
  }

  /** A record is of the customer of another; of itself, where a walk begins. */
  add(name: string, of: string): void {
    if (!this.isWanted) return
    const root = this.#rootOf(of)
    this.#parents.set(this.#rootOf(name), root)
  }

  /** The one of a record's customer that another is kept apart from. */
  barredBy(name: string, of: string): string | undefined {
    const others = this.#apart.get(name)
    if (others === undefined) return undefined
    const root = this.#rootOf(of)
    for (const other of others) {
      if (this.#parents.has(other) && this.#rootOf(other) === root) return other
    }
    return undefined
  }

  isApart(a: string, b: string): boolean {
    return this.#apart.get(a)?.has(b) === true
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
