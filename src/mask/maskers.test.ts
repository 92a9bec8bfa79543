import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalize, openKeyed } from './keyed.ts'
import { MASKERS } from './mask-schema.ts'
import { openMasker, type ValueMasker } from './maskers.ts'
import { isIban } from './values/mask-iban.ts'
import { permute } from './values/permute.ts'

const keyed = openKeyed(Buffer.alloc(32, 7))
const mask = (masker: ValueMasker, text: string) => openMasker(keyed, masker)(text)

test('what a key and a value decide is their HMAC', () => {
  const key = Buffer.from('of some bytes')
  for (const value of ['', 'a', 'ä'.repeat(200)]) {
    expect(openKeyed(key)('purpose', value)).toEqual(
      createHmac('sha256', key).update(`purpose\0${value}`).digest(),
    )
  }
})

test('an IBAN keeps its country, its length and its groups, and its check digits are right', () => {
  for (const iban of ['DE89370400440532013000', 'GB82WEST12345698765432', 'NO9386011117947']) {
    const masked = mask('iban', iban)
    expect(masked).not.toBe(iban)
    expect(isIban(masked), masked).toBe(true)
    expect(masked.replaceAll(/[A-Z]/g, 'A').replaceAll(/[0-9]/g, '9')).toBe(
      iban.replaceAll(/[A-Z]/g, 'A').replaceAll(/[0-9]/g, '9'),
    )
    expect(masked.slice(0, 2)).toBe(iban.slice(0, 2))
    const grouped = iban.replaceAll(/(.{4})/g, '$1 ').trim()
    expect(mask('iban', grouped).replaceAll(' ', '')).toBe(masked)
  }
  expect(isIban('DE88370400440532013000')).toBe(false)
})

test('what is known of a value by its shape stays', () => {
  expect(mask('taxId', 'DE123456789')).toMatch(/^DE\d{9}$/)
  expect(mask('taxId', 'ATU12345678')).toMatch(/^ATU\d{8}$/)
  expect(mask('phone', '+49 (30) 901820-0')).toMatch(/^\+49 \(\d\d\) \d{6}-\d$/)
  expect(mask('phone', '+49 30 9018200').replaceAll(/\D/g, '')).toBe(
    mask('phone', '+49 (30) 901820-0').replaceAll(/\D/g, ''),
  )
  expect(mask('postcode', 'SW1A 1AA')).toMatch(/^[A-Z]{2}\d[A-Z] \d[A-Z]{2}$/)
  expect(mask('email', 'Ada@Lovelace.example')).toMatch(/^[a-z]+\.[0-9a-f]{12}@masked\.example$/)
  expect(mask('email', 'Ada@Lovelace.example')).toBe(mask('email', 'ada@lovelace.example'))
  expect(mask('company', 'Farnbeck Werkzeugbau GmbH')).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ GmbH$/)
  expect(mask('street', 'Am Markt 12a')).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ \d\d[a-z]+$/)
  expect(mask('redact', 'anything')).toBe('redacted')
  expect(mask('name', `${mask('name', 'x')}`)).not.toBe(mask('name', 'x'))
})

test('a person is called the same in one field and in two, whatever the case', () => {
  const both = mask('name', 'Ada Lovelace')
  expect(both).toBe(`${mask('name', 'Ada')} ${mask('name', 'Lovelace')}`)
  expect(mask('name', 'ADA LOVELACE')).toBe(both.toUpperCase())
})

test('days are shifted by the same, and times stay', () => {
  const days = (text: string) => Date.parse(mask('date', text).slice(0, 10)) - Date.parse(text)
  expect(days('2026-06-30')).toBe(days('1815-12-10'))
  expect(days('2026-06-30')).not.toBe(0)
  expect(mask('date', '2026-06-30 12:00:00Z')).toMatch(/^\d{4}-\d\d-\d\d 12:00:00Z$/)
  expect(() => mask('date', 'soon')).toThrow('no day like')
})

test('numbers of one length are only put in another order', () => {
  for (const [length, radix] of [
    [1, 10],
    [2, 10],
    [3, 10],
    [2, 26],
  ] as const) {
    const count = radix ** length
    const seen = new Set<string>()
    for (let n = 0; n < count; n++) {
      const digits = Array.from({ length }, (_, i) => Math.floor(n / radix ** i) % radix)
      const permuted = permute(keyed, digits, radix)
      expect(permuted).not.toEqual(digits)
      seen.add(permuted.join())
    }
    // One that would stay itself makes way: it may meet another.
    expect(seen.size).toBeGreaterThan(count - 8)
  }
})

test('every rule gives the same for the same, of another key something else, and nothing of it is left', () => {
  const others = MASKERS.filter(
    (one): one is ValueMasker => !['keep', 'null', 'date', 'redact'].includes(one),
  )
  const other = openKeyed(Buffer.alloc(32, 8))
  fc.assert(
    fc.property(
      fc.constantFrom(...others),
      fc.stringMatching(/^[A-Za-z0-9ÄÖÜäöüß@.,+ -]{8,40}$/),
      fc.integer({ min: 24, max: 60 }),
      (masker, text, lengthMax) => {
        const value = openMasker(keyed, masker, lengthMax)
        const masked = value(text)
        expect(value(text)).toBe(masked)
        expect([...masked].length).toBeLessThanOrEqual(Math.max(lengthMax, [...text].length))
        const original = normalize(text)
        // A code begins with its country, or a number with how it is dialled.
        if (original.length < 8) return
        expect(normalize(masked)).not.toBe(original)
        expect(normalize(masked)).not.toContain(original)
        expect(openMasker(other, masker, lengthMax)(text)).not.toBe(masked)
      },
    ),
    { numRuns: 400 },
  )
})
