import type { Keyed } from '../keyed.ts'
import { maskShape } from './mask-shape.ts'

const IBAN = /^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/

/**
 * An IBAN of the same country and length, written in the same groups, with check digits that are
 * right (ISO 13616). What is none keeps its shape.
 */
export function maskIban(keyed: Keyed, text: string): string {
  const compact = text.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()
  if (!IBAN.test(compact)) return maskShape(keyed, text)
  const country = compact.slice(0, 2)
  const account = maskShape(keyed, compact.slice(4))
  const checked = `${country}${checkDigits(country, account)}${account}`
  let at = 0
  return text.replaceAll(/[A-Za-z0-9]/g, (one) => {
    const masked = checked[at++] ?? one
    return one === one.toUpperCase() ? masked : masked.toLowerCase()
  })
}

function checkDigits(country: string, account: string): string {
  return String(98n - remainder(`${account}${country}00`)).padStart(2, '0')
}

function remainder(text: string): bigint {
  const digits = text.replaceAll(/[A-Z]/g, (letter) => String(Number.parseInt(letter, 36)))
  return BigInt(digits) % 97n
}

/** Whether the check digits of an IBAN are right. */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '')
  return IBAN.test(compact) && remainder(compact.slice(4) + compact.slice(0, 4)) === 1n
}
