import { randomInt } from 'node:crypto'

/** Chance that can be had again: `HOLDFAST_TEST_SEED=123` repeats a run, whose seed was printed. */
export type Chance = {
  readonly seed: number
  /** At least 0, below 1. */
  next(): number
}

export function aChance(title: string): Chance {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? randomInt(2 ** 31))
  console.info(`${title}: HOLDFAST_TEST_SEED=${seed}`)
  return { seed, next: chanceOf(seed) }
}

/** Mulberry32, by Tommy Ettinger; in the public domain. */
export function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
