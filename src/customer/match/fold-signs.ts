import { foldCode, foldName } from '../values/fold-text.ts'
import type { Sign } from './likeness.ts'

/** What of a record's identity tells who somebody is like; fields that are null or mean nothing are left out. */
export type IdentityValues = {
  readonly taxId?: string
  readonly email?: string
  readonly iban?: string
  readonly street?: string
  readonly postcode?: string
  readonly phone?: string
}

/** Anybody has an address there. */
const ANYBODY = new Set(
  (
    'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.de icloud.com ' +
    'me.com aol.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com proton.me ' +
    'protonmail.com orange.fr wanadoo.fr free.fr laposte.net libero.it bluewin.ch'
  ).split(' '),
)
const PHONE_DIGITS = 9
const PHONE_DIGITS_MIN = 6

/** Signs however they are spelled: without case, grouping, prefixes of countries, and words for "street". */
export function foldSigns(values: IdentityValues): Sign[] {
  const { email, iban, phone, postcode, street, taxId } = values
  const signs: Sign[] = []
  if (taxId !== undefined) signs.push(['taxId', foldCode(taxId)])
  if (iban !== undefined) signs.push(['iban', foldCode(iban)])
  if (email?.includes('@') === true) signs.push(...foldEmail(email))
  if (phone !== undefined) {
    const digits = phone.replaceAll(/\D/g, '').slice(-PHONE_DIGITS)
    if (digits.length >= PHONE_DIGITS_MIN) signs.push(['phone', digits])
  }
  if (postcode !== undefined && street !== undefined) {
    signs.push(['address', `${foldCode(postcode)} ${foldStreet(street)}`])
  }
  return signs.filter(([, value]) => value !== '')
}

function foldEmail(email: string): Sign[] {
  const address = email.trim().toLowerCase()
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return ANYBODY.has(domain)
    ? [['email', address]]
    : [
        ['email', address],
        ['domain', domain],
      ]
}

function foldStreet(street: string): string {
  return foldName(street)
    .replaceAll(/(strasse|str)\b/g, 'str')
    .replaceAll(/\b(street)\b/g, 'str')
    .replaceAll(' ', '')
}
