import { assert } from '#stdx/assert'

/**
 * Numbers that look random and are the same for the same seed on every machine: xoshiro128**, with
 * its state filled by FNV-1a and a murmur finisher. For example data only, never for anything secret.
 */
export type SeededRandom = {
  /** A whole number from 0 up to, and without, `below`. */
  int(below: number): number
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** One of `list`, each as likely as its weight says. */
  weighted<T>(list: readonly (readonly [T, number])[]): T
  digits(count: number): string
  bytes(count: number): Uint8Array
}

/** @param path what the numbers are for; other paths of one seed give unrelated numbers */
export function seededRandom(seed: string, ...path: readonly (string | number)[]): SeededRandom {
  const next = xoshiro(hashWords(`${seed}/${path.join('/')}`))
  const int = (below: number): number => Math.floor((next() / 2 ** 32) * below)
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[int(list.length)]
    assert(picked !== undefined, 'A list to pick from is not empty.')
    return picked
  }
  return {
    int,
    between: (min, max) => min + int(max - min + 1),
    chance: (probability) => next() < probability * 2 ** 32,
    pick,
    weighted: (list) => pickWeighted(list, next() / 2 ** 32),
    digits(count) {
      let text = ''
      while (text.length < count) text += String(int(10))
      return text
    },
    bytes(count) {
      const words = new Uint32Array(Math.ceil(count / 4))
      for (let i = 0; i < words.length; i++) words[i] = next()
      return new Uint8Array(words.buffer, 0, count)
    },
  }
}

function pickWeighted<T>(list: readonly (readonly [T, number])[], share: number): T {
  const total = list.reduce((sum, [, weight]) => sum + weight, 0)
  let left = share * total
  for (const [value, weight] of list) {
    left -= weight
    if (left < 0) return value
  }
  const last = list.at(-1)
  assert(last !== undefined, 'A list to pick from is not empty.')
  return last[0]
}

function xoshiro([first, second, third, fourth]: readonly [number, number, number, number]) {
  let a = first
  let b = second
  let c = third
  let d = fourth
  return (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function hashWords(text: string): readonly [number, number, number, number] {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  const word = (n: number) => finish((hash + Math.imul(n, 0x9e3779b9)) | 0)
  return [word(1), word(2), word(3), word(4)]
}

function finish(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
