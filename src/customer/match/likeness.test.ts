import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldSigns } from './fold-signs.ts'
import { judgeLikeness, type Likeness, SIGN_KINDS } from './likeness.ts'
import { compareWords, skeletonOf, wordsOf } from './party-name.ts'
import { Rarity } from './rarity.ts'

const word = fc.constantFrom(
  'farnbeck',
  'fahrnbaeck',
  'werkzeug',
  'gmbh',
  'anna',
  'an',
  'ü',
  '42',
  '',
)
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
)
const sign = fc.tuple(fc.constantFrom(...SIGN_KINDS), fc.constantFrom('a', 'b', 'c', 'd'))
const likeness: fc.Arbitrary<Likeness> = fc.record({
  name: fc.option(name),
  signs: fc.uniqueArray(sign, { maxLength: 8, selector: (one) => one.join() }),
})

test('judgeLikeness() says the same whichever comes first, from 0 and below 1', () => {
  fc.assert(
    fc.property(likeness, likeness, fc.integer({ min: 1, max: 255 }), (a, b, count) => {
      const countOf = (token: string) => 1 + ((token.length * count) % 255)
      const there = judgeLikeness(a, b, countOf)
      expect(judgeLikeness(b, a, countOf)).toEqual(there)
      expect(there.score).toBeGreaterThanOrEqual(0)
      expect(there.score).toBeLessThan(1)
      // Whatever is said has a reason, and no reason says more than all.
      expect(there.score > 0).toBe(there.reasons.some(({ weight }) => weight > 0))
    }),
  )
})

test('judgeLikeness() says of nobody that another is more like him than he himself', () => {
  fc.assert(
    fc.property(likeness, likeness, (a, b) => {
      const countOf = () => 2
      expect(judgeLikeness(a, a, countOf).score).toBeGreaterThanOrEqual(
        judgeLikeness(a, { ...a, name: b.name }, countOf).score - 1e-9,
      )
    }),
  )
})

test('compareWords() is symmetric and between 0 and 1', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const alike = compareWords(a, b)
      expect(compareWords(b, a)).toBe(alike)
      expect(alike).toBeGreaterThanOrEqual(0)
      expect(alike).toBeLessThanOrEqual(1)
    }),
  )
})

test('names are compared without how a company is set up, and as they sound', () => {
  expect(wordsOf('Farnbeck Werkzeugbau GmbH & Co. KG')).toEqual(['farnbeck', 'werkzeugbau'])
  expect(wordsOf('Company Ltd')).toEqual(['company', 'ltd'])
  expect(new Set(['fahrnbaeck', 'farnbeck', 'farnbeckk'].map(skeletonOf)).size).toBe(1)
  const score = (a: string, b: string) =>
    judgeLikeness({ name: a, signs: [] }, { name: b, signs: [] }, () => 2).score
  expect(score('Farnbeck Werkzeugbau GmbH', 'Fahrnbäck Werkzeugbau KG')).toBeGreaterThan(0.6)
  expect(score('Farnbeck Werkzeugbau GmbH', 'Sonnleitner Gartenbau GmbH')).toBe(0)
})

test('a sign that many have says less than one that few have, and another tax id speaks against it', () => {
  const of = (...signs: Likeness['signs']): Likeness => ({ name: null, signs })
  const one = of(['domain', 'x.example'])
  const score = (count: number) => judgeLikeness(one, one, () => count).score
  expect(score(2)).toBeGreaterThan(score(200))
  const [left, right] = [of(['phone', '1'], ['taxId', 'a']), of(['phone', '1'], ['taxId', 'b'])]
  const against = judgeLikeness(left, right, () => 2)
  expect(against.score).toBeLessThan(judgeLikeness(of(['phone', '1']), right, () => 2).score)
  expect(against.reasons.at(-1)).toMatchObject({ sign: 'otherTaxId', values: ['a', 'b'] })
})

test('signs are the same however they are spelled', () => {
  const a = { email: 'Info@Farnbeck.example', phone: '+49 (089) 123-4567', taxId: 'DE 811.907-980' }
  const b = { email: 'info@farnbeck.example ', phone: '0049891234567', taxId: 'de811907980' }
  const address = (street: string, postcode: string) => foldSigns({ street, postcode })
  expect(foldSigns(a).filter(([kind]) => kind !== 'phone')).toEqual(
    foldSigns(b).filter(([kind]) => kind !== 'phone'),
  )
  expect(address('Haupt-Straße 4', '80 331')).toEqual(address('Hauptstr. 4', '80331'))
  expect(foldSigns({ email: 'a.b@gmail.com' })).toEqual([['email', 'a.b@gmail.com']])
})

test('Rarity counts no token less often than it was added', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 400 }), (tokens) => {
      const rarity = new Rarity(6)
      const counts = new Map<string, number>()
      for (const token of tokens) {
        rarity.add(token)
        counts.set(token, (counts.get(token) ?? 0) + 1)
      }
      for (const [token, count] of counts) {
        expect(rarity.countOf(token)).toBeGreaterThanOrEqual(Math.min(255, count))
      }
    }),
  )
})
