import { createHash } from 'node:crypto'
import { type Keyed, normalize } from '../keyed.ts'

const CONSONANTS = 'bdfgklmnprstvz'
const VOWELS = 'aeiou'
const SYLLABLES = 3
const WORD = /[\p{L}\p{M}]+|[0-9]/gu

const LEGAL_FORMS: ReadonlySet<string> = new Set(
  'ab ag as bv co gmbh inc kg kgaa limited llc ltd mbh nv ohg oy plc sa sarl sas se spa srl ug'.split(
    ' ',
  ),
)

/** What a word is made of. */
const NOISE_BYTES = 22

/** A word that no language has, in the case of the one it stands for; `of` decides which. */
export function inventWord(keyed: Keyed, { like, of }: { like: string; of: string }): string {
  return spell(keyed('word', of), like)
}

function spell(noise: Buffer, like: string): string {
  const syllables = Array.from({ length: SYLLABLES }, (_, i) => {
    const consonant = CONSONANTS[noise.readUInt16BE(4 * i) % CONSONANTS.length] ?? 'b'
    return `${consonant}${VOWELS[noise.readUInt16BE(4 * i + 2) % VOWELS.length] ?? 'a'}`
  })
  const word = `${syllables.join('')}${CONSONANTS[noise.readUInt16BE(20) % CONSONANTS.length]}`
  if (like.length > 1 && like === like.toUpperCase()) return word.toUpperCase()
  const [first = ''] = like
  return first === first.toLowerCase() ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

/** Every word by itself: a person is called the same in one field and in two. */
export function maskName(keyed: Keyed, text: string): string {
  return text.replaceAll(WORD, (word) => inventWord(keyed, { like: word, of: normalize(word) }))
}

/** The words of a text as a whole: the same word is another one in another text. */
export function maskWords(keyed: Keyed, text: string): string {
  const count = text.match(WORD)?.length ?? 0
  if (count === 0) return text
  // One long noise for all of them: a digest for every word is slow where there are many.
  const noise = createHash('shake256', { outputLength: count * NOISE_BYTES })
    .update(keyed('text', normalize(text)))
    .digest()
  let at = 0
  return text.replaceAll(WORD, (word) => {
    const own = noise.subarray(at, at + NOISE_BYTES)
    at += NOISE_BYTES
    return /^[0-9]$/.test(word) ? String(own.readUInt32BE(0) % 10) : spell(own, word)
  })
}

/** The same, but what kind of company it is stays. */
export function maskCompany(keyed: Keyed, text: string): string {
  const isForm = (word: string) => LEGAL_FORMS.has(word.toLowerCase())
  const words = text.match(WORD) ?? []
  if (words.every(isForm)) return maskWords(keyed, text)
  const masked = maskWords(keyed, text).match(WORD) ?? []
  let at = 0
  return text.replaceAll(WORD, (word) => {
    const other = masked[at++] ?? ''
    return isForm(word) ? word : other
  })
}
