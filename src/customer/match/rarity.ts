/**
 * How many parties have a token, in a fixed space: never too few, sometimes a few too many, since tokens
 * share counters. Counts end at 255.
 */
export class Rarity {
  readonly #counters: readonly Uint8Array[]
  readonly #mask: number

  /** @param bits of a number of counters; there are two rows of `2 ** bits` bytes */
  constructor(bits = 23) {
    this.#mask = 2 ** bits - 1
    this.#counters = [new Uint8Array(2 ** bits), new Uint8Array(2 ** bits)]
  }

  add(token: string): void {
    for (const [row, counters] of this.#counters.entries()) {
      const at = hash(token, row) & this.#mask
      counters[at] = Math.min(255, (counters[at] ?? 0) + 1)
    }
  }

  /** At least 1: who asks for a token has it. */
  countOf(token: string): number {
    let least = 255
    for (const [row, counters] of this.#counters.entries()) {
      least = Math.min(least, counters[hash(token, row) & this.#mask] ?? 0)
    }
    return Math.max(1, least)
  }
}

/** FNV-1a, with another beginning for each row, and its bits mixed. */
function hash(text: string, row: number): number {
  let h = row === 0 ? 0x811c9dc5 : 0x9e3779b9
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}
