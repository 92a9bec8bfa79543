/** Places in a table that is to miss nothing: 4 million values, 64 MB. */
export const PLACES_MANY = 8_388_608
/** Places in one that may miss what is rare: 64 000 values. */
export const PLACES_FEW = 131_072
const PLACES_MIN = 1_024

/**
 * Notices a text that comes twice. Keeps 64 bits of each; once there are more than it may keep, it
 * goes on with every second one, then every fourth, so that it still notices most of what is not
 * unique, and never says so of what is.
 */
export class SeenValues {
  #places = new Uint32Array(2 * PLACES_MIN)
  #count = 0
  #mask = 0
  readonly #placesMax: number

  /** @param placesMax a power of two; half of them are taken at most */
  constructor(placesMax: number) {
    this.#placesMax = placesMax
  }

  /** Whether every text was looked at. */
  get isExact(): boolean {
    return this.#mask === 0
  }

  /** `false`: the same bytes were added before. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    let high = 0x811c9dc5
    let low = 0x9e3779b9
    for (let i = start; i < end; i++) {
      const byte = bytes[i] ?? 0
      high = Math.imul(high ^ byte, 0x01000193)
      low = Math.imul(low ^ byte, 0x85ebca6b)
      low ^= low >>> 13
    }
    high = mix(high ^ (end - start))
    low = mix(low) | 1
    if ((high & this.#mask) !== 0) return true
    if (!this.#insert(high >>> 0, low >>> 0)) return false
    this.#count += 1
    if (this.#count * 4 > this.#places.length) this.#makeRoom()
    return true
  }

  /** `low` is never 0, which marks a free place. */
  #insert(high: number, low: number): boolean {
    const places = this.#places
    const last = places.length / 2 - 1
    for (let place = (high ^ (low >>> 7)) & last; ; place = (place + 1) & last) {
      const there = places[2 * place + 1]
      if (there === 0) {
        places[2 * place] = high
        places[2 * place + 1] = low
        return true
      }
      if (there === low && places[2 * place] === high) return false
    }
  }

  #makeRoom(): void {
    const before = this.#places
    const isLargest = before.length >= 2 * this.#placesMax
    if (isLargest) this.#mask = this.#mask * 2 + 1
    this.#places = new Uint32Array(isLargest ? before.length : before.length * 2)
    this.#count = 0
    for (let i = 0; i < before.length; i += 2) {
      const high = before[i] ?? 0
      const low = before[i + 1] ?? 0
      if (low === 0 || (high & this.#mask) !== 0) continue
      this.#insert(high, low)
      this.#count += 1
    }
  }
}

/** Spreads what differs over all bits (the last steps of MurmurHash3). */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
