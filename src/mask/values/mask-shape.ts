import type { Keyed } from '../keyed.ts'
import { permute } from './permute.ts'

const A = 'A'.charCodeAt(0)

/**
 * Another text of the same shape: a digit where there was one, a letter where there was one, in its
 * case, everything else in its place. Spaces and points have no say in which.
 *
 * @param kept so many characters at the beginning stay
 */
export function maskShape(keyed: Keyed, text: string, kept = 0): string {
  const characters = [...text]
  const open = characters.map((one, i) => (i < kept ? '' : one))
  const digits = permute(keyed, open.filter(isDigit).map(Number), 10)
  const letters = permute(keyed, open.filter(isLetter).map(toIndex), 26)
  const masked = characters.map((one, i) => {
    if (i < kept) return one
    if (isDigit(one)) return String(digits.shift() ?? 0)
    if (isLetter(one)) return toLetter(letters.shift() ?? 0, one)
    return /[\p{L}\p{N}]/u.test(one) ? toLetter(keyed('letter', one).readUInt8(0) % 26, one) : one
  })
  return masked.join('')
}

function isDigit(character: string): boolean {
  return /^[0-9]$/.test(character)
}

function isLetter(character: string): boolean {
  return /^[A-Za-z]$/.test(character)
}

function toIndex(letter: string): number {
  return letter.toUpperCase().charCodeAt(0) - A
}

function toLetter(index: number, like: string): string {
  const letter = String.fromCharCode(A + index)
  return like === like.toLowerCase() ? letter.toLowerCase() : letter
}
