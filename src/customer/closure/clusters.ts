import type { DecidedParties } from './decided-parties.ts'

/**
 * Which records of a walk are of one customer, as far as it matters for who is kept apart from whom: a
 * walk may begin at several customers. Holds nothing where nobody is kept apart.
 */
export class Clusters {
  readonly #parties: DecidedParties
  readonly #parents = new Map<string, string>()
  /** By the root of what was decided: records of the walk that somebody is kept apart from. */
  readonly #present = new Map<string, string[]>()

  constructor(parties: DecidedParties) {
    this.#parties = parties
  }

  /** Whether anybody is kept apart at all. */
  get isWanted(): boolean {
    return this.#parties.hasApart
  }

  /** A record is of the customer of another; of itself, where a walk begins. */
  add(name: string, of: string): void {
    if (!this.isWanted) return
    const root = this.#rootOf(of)
    this.#parents.set(this.#rootOf(name), root)
    const decided = this.#parties.rootOf(name)
    if (this.#parties.apartOf(decided).size === 0) return
    const present = this.#present.get(decided) ?? []
    if (!present.includes(name)) this.#present.set(decided, [...present, name])
  }

  /** The one of a record's customer that another is kept apart from. */
  barredBy(name: string, of: string): string | undefined {
    const others = this.#parties.apartOf(this.#parties.rootOf(name))
    if (others.size === 0) return undefined
    const root = this.#rootOf(of)
    for (const other of others) {
      const present = this.#present.get(other) ?? []
      const found = present.find((one) => this.#rootOf(one) === root)
      if (found !== undefined) return found
    }
    return undefined
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
