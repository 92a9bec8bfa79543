/**
 * What is remembered of the values of a field: of all distinct values those with the least hashes, and
 * how often each of them was there. The same values are remembered of every field, so two sketches
 * say how much of one field is found in another, whatever the sizes, within bounded memory.
 *
 * A sketch proposes and never proves: hashes are 53 bits and not keyed.
 */
export class ValueSketch {
  readonly #max: number
  #counts = new Map<number, number>()
  /** Hashes above it are not remembered; infinite as long as all are. */
  #limit = Number.POSITIVE_INFINITY
  #isSorted = false

  /** @param max values remembered; while it grows, twice as many */
  constructor(max: number) {
    this.#max = max
  }

  add(hash: number): void {
    if (hash > this.#limit) return
    this.#isSorted = false
    this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1)
    if (this.#counts.size >= 2 * this.#max) this.#prune()
  }

  /** Distinct values; exact as long as all are remembered. */
  get distinctAbout(): number {
    this.#settle()
    if (this.#limit === Number.POSITIVE_INFINITY) return this.#counts.size
    return Math.round((this.#counts.size - 1) / (this.#limit / HASHES))
  }

  /** Whether no remembered value was there twice. */
  get isUnique(): boolean {
    this.#settle()
    for (const count of this.#counts.values()) if (count > 1) return false
    return this.#counts.size > 0
  }

  /**
   * How many of the values that both would remember are found in `other`, and of how many.
   * Gives up early, with what it has, when hardly any is.
   */
  foundIn(other: ValueSketch): { readonly found: number; readonly of: number } {
    this.#settle()
    other.#settle()
    let found = 0
    let of = 0
    for (const hash of this.#counts.keys()) {
      if (hash > other.#limit) break
      of += 1
      if (other.#counts.has(hash)) found += 1
      if (of === GLANCE && found * 50 < of) break
    }
    return { found, of }
  }

  /** In ascending order, and no more than are remembered. */
  #settle(): void {
    if (this.#isSorted) return
    this.#prune()
    this.#isSorted = true
  }

  #prune(): void {
    const hashes = Float64Array.from(this.#counts.keys()).sort()
    const kept = hashes.subarray(0, this.#max)
    if (hashes.length > this.#max) this.#limit = kept.at(-1) ?? 0
    const counts = new Map<number, number>()
    for (const hash of kept) counts.set(hash, this.#counts.get(hash) ?? 0)
    this.#counts = counts
  }
}

const HASHES = 2 ** 53
const GLANCE = 100

/** A hash of bytes as a whole number below 2^53: two lanes of multiplications. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let a = 0xdeadbeef ^ seed
  let b = 0x41c6ce57 ^ seed
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    a = Math.imul(a ^ byte, 0x9e3779b1)
    b = Math.imul(b ^ byte, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (b & 0x1fffff) * 2 ** 32 + (a >>> 0)
}
