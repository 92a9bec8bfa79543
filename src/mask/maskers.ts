import { AppError } from '#stdx/app-error'
import { type Keyed, normalize } from './keyed.ts'
import type { MaskerName } from './mask-schema.ts'
import { maskIban } from './values/mask-iban.ts'
import { maskShape } from './values/mask-shape.ts'
import { inventWord, maskCompany, maskName, maskWords } from './values/mask-words.ts'

/** What a value that is not null becomes. The same value always becomes the same. */
export type MaskValue = (text: string) => string

/** Of rules that leave something of a value; the others are the field's, not the value's. */
export type ValueMasker = Exclude<MaskerName, 'keep' | 'null'>

const DAY_MS = 86_400_000
/** Days are shifted by at most so many, all by the same. */
const DAYS_MAX = 180
const DAY = /^(\d{4}-\d{2}-\d{2})(?![0-9])/
const DOMAIN = '@masked.example'
const HASH_CHARACTERS = 12
export const REDACTED = 'redacted'

/**
 * What a rule does to values. Nothing but the key and the value decides: not the entity, not the
 * system, not the order.
 *
 * @param lengthMax characters that the field takes
 */
export function openMasker(keyed: Keyed, masker: ValueMasker, lengthMax = Infinity): MaskValue {
  const cut = (mask: MaskValue) => (text: string) => [...mask(text)].slice(0, lengthMax).join('')
  switch (masker) {
    case 'iban':
      return (text) => maskIban(keyed, text)
    case 'taxId':
      // A country comes first: DE123456789, ATU12345678.
      return (text) => maskShape(keyed, text, /^(ATU|[A-Z]{2})/i.exec(text)?.[0].length ?? 0)
    case 'phone':
      return (text) => maskShape(keyed, text, prefixOf(text))
    case 'postcode':
    case 'code':
      return (text) => maskShape(keyed, text)
    case 'email':
      return (text) => maskEmail(keyed, text, lengthMax)
    case 'name':
      return cut((text) => maskName(keyed, text))
    case 'company':
      return cut((text) => maskCompany(keyed, text))
    case 'street':
    case 'city':
    case 'freeText':
      return cut((text) => maskWords(keyed, text))
    case 'date':
      return openDateShift(keyed)
    case 'redact':
      return cut(() => REDACTED)
  }
}

/** `+49`, `0049` or `0`: what a number is dialled with from elsewhere. */
function prefixOf(text: string): number {
  const digits = text.replaceAll(/[^0-9]/g, '').length
  return digits < 6 ? 0 : (/^(\+[0-9]{2}|00[0-9]{2}|0)/.exec(text)?.[0].length ?? 0)
}

/** Nobody can have an address there: `.example` is reserved (RFC 2606). */
function maskEmail(keyed: Keyed, text: string, lengthMax: number): string {
  const of = text.trim().toLowerCase()
  if (of === '') return text
  const hash = keyed('email', of).toString('hex').slice(0, HASH_CHARACTERS)
  const local = `${inventWord(keyed, { like: 'a', of: normalize(of) })}.${hash}`
  return `${local.slice(-Math.max(1, Math.min(local.length, lengthMax - DOMAIN.length)))}${DOMAIN}`
}

function openDateShift(keyed: Keyed): MaskValue {
  const noise = keyed('days', '').readUInt32BE(0)
  const days = 1 + (noise % DAYS_MAX)
  const shiftMs = (noise % 2 === 0 ? days : -days) * DAY_MS
  return (text) => {
    const [day = ''] = DAY.exec(text) ?? []
    const atMs = Date.parse(`${day}T00:00:00Z`)
    if (Number.isNaN(atMs)) {
      const message = 'Cannot mask a value: found no day like 2026-06-30 at its beginning'
      throw new AppError('mask.value-unfit', message)
    }
    const shifted = new Date(atMs + shiftMs).toISOString()
    return shifted.slice(0, 10) + text.slice(day.length)
  }
}
