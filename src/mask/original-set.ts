import { normalize, openKeyed, wordsOf } from './keyed.ts'

/** Where an original value stands, and by which rule it was masked there. */
export type Origin = { readonly place: string; readonly masker: string }

/** A whole value of letters is told from chance, and is looked for, from so many letters and digits on. */
const WHOLE_MIN = 4
/** The same for digits alone, and for what stands inside of a longer text. */
const LONG_MIN = 8
/** An IBAN may be written in so many groups. */
const GROUPS_MAX = 9
/** Of longer ones only whole values are looked for. */
const WORDS_MAX = 12
const SIEVE_BITS = 2 ** 24

/** Whether a value is long enough to be told from chance. */
export function isSought(text: string): boolean {
  const whole = normalize(text)
  const min = /[^0-9]/.test(whole) ? WHOLE_MIN : LONG_MIN
  return [...whole].length >= min
}

/**
 * Original values as keyed digests, with a key of this run that is kept nowhere: none of them can be
 * read from it. Holds some 100 bytes a value, and two megabytes.
 */
export class OriginalSet {
  readonly #keyed
  readonly #origins = new Map<bigint, Origin>()
  /** Most of what is looked up is not there, and a digest costs more than a look into this. */
  readonly #sieve = new Uint8Array(SIEVE_BITS / 8)
  readonly #seed: number
  readonly #part: Part
  #wordsMax = GROUPS_MAX

  constructor(key: Uint8Array, part: Part) {
    this.#keyed = openKeyed(key)
    this.#seed = this.#keyed('sieve', '').readUInt32BE(0)
    this.#part = part
  }

  get count(): number {
    return this.#origins.size
  }

  /** One that is too short, or of another part, is left out. */
  add(text: string, origin: Origin, isStrict: boolean): void {
    if (!isSought(text)) return
    const words = wordsOf(text)
    const whole = words.join('')
    const digest = this.#digest(whole)
    if (Number(digest % BigInt(this.#part.of)) !== this.#part.index) return
    // What must be nowhere at all is remembered rather than what may be by chance.
    if (this.#origins.has(digest) && !isStrict) return
    this.#origins.set(digest, origin)
    const bit = sum(whole, this.#seed) % SIEVE_BITS
    this.#sieve[bit >> 3] = (this.#sieve[bit >> 3] ?? 0) | (1 << (bit & 7))
    if (words.length <= WORDS_MAX) this.#wordsMax = Math.max(this.#wordsMax, words.length)
  }

  /** The originals in a text: it as a whole, and longer ones that stand in it word by word. */
  *find(text: string): Generator<Origin, void, undefined> {
    if (text.length < WHOLE_MIN) return
    const words = wordsOf(text)
    const whole = words.join('')
    const found = isSought(text) ? this.#look(whole, sum(whole, this.#seed)) : undefined
    if (found !== undefined) yield found
    for (let from = 0; from < words.length; from++) yield* this.#findFrom(words, from)
  }

  *#findFrom(words: readonly string[], from: number): Generator<Origin, void, undefined> {
    let joined = ''
    let cheap = this.#seed
    const end = Math.min(words.length, from + this.#wordsMax)
    for (let to = from; to < end; to++) {
      if (from === 0 && to === words.length - 1) return
      const word = words[to] ?? ''
      joined += word
      cheap = sum(word, cheap)
      if (joined.length < LONG_MIN) continue
      const found = this.#look(joined, cheap)
      if (found !== undefined) yield found
    }
  }

  #look(joined: string, cheap: number): Origin | undefined {
    const bit = cheap % SIEVE_BITS
    if (((this.#sieve[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return undefined
    return this.#origins.get(this.#digest(joined))
  }

  #digest(text: string): bigint {
    return this.#keyed('original', text).readBigUInt64BE(0)
  }
}

/** Originals whose digests leave `index` when divided by `of`. */
export type Part = { readonly index: number; readonly of: number }

/** FNV-1a over UTF-16 units; goes on where the last text ended. */
function sum(text: string, from: number): number {
  let hash = from
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash
}
