import { createHash } from 'node:crypto'
import type { Random } from '#stdx/random'

/**
 * Chance that a name decides: the same name gives the same draws, another name other ones. Everything
 * in a simulation that could have been otherwise is drawn from one of these.
 */
export class Chance implements Random {
  readonly name: string
  #blocks = 0
  #pool: Uint8Array = new Uint8Array(0)

  constructor(name: string) {
    this.name = name
  }

  /** Draws that do not depend on how much was drawn here. */
  fork(name: string): Chance {
    return new Chance(`${this.name}/${name}`)
  }

  bytes(n: number): Uint8Array {
    while (this.#pool.length < n) this.#grow()
    const taken = this.#pool.slice(0, n)
    this.#pool = this.#pool.subarray(n)
    return taken
  }

  /** At least 0, below 1. */
  next(): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) / 2 ** 48
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from `min` to `max`, both possible. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** From `min` to `max`, each order of magnitude as likely as the next. */
  spread(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.next())
  }

  pick<T>(all: readonly T[]): T | undefined {
    return all[this.between(0, all.length - 1)]
  }

  #grow(): void {
    this.#blocks += 1
    const block = createHash('sha256').update(`${this.#blocks} of ${this.name}`).digest()
    this.#pool = Buffer.concat([this.#pool, block])
  }
}
