import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

test('seededRandom() repeats itself for a seed and path, and for nothing else', () => {
  const draw = (seed: string, path: number) => Array.from(seededRandom(seed, path).bytes(64))
  expect(draw('a', 1)).toEqual(draw('a', 1))
  expect(draw('a', 2)).not.toEqual(draw('a', 1))
  expect(draw('b', 1)).not.toEqual(draw('a', 1))
})

test('seededRandom() gives these numbers for ever, on every machine', () => {
  const random = seededRandom('holdfast', 'known')
  expect(Array.from({ length: 4 }, () => random.int(1_000_000))).toMatchInlineSnapshot(`
    [
      564562,
      677863,
      611338,
      204005,
    ]
  `)
})

test('between() stays within its bounds and reaches both', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: -50, max: 50 }), (seed, min) => {
      const random = seededRandom(seed)
      const seen = new Set(Array.from({ length: 200 }, () => random.between(min, min + 2)))
      expect(Array.from(seen).sort((a, b) => a - b)).toEqual([min, min + 1, min + 2])
    }),
  )
})

test('weighted() follows its weights', () => {
  const random = seededRandom('weights')
  const drawn = Array.from({ length: 10_000 }, () =>
    random.weighted([
      ['often', 9],
      ['never', 0],
      ['seldom', 1],
    ]),
  )
  expect(drawn.filter((value) => value === 'never')).toEqual([])
  expect(drawn.filter((value) => value === 'often').length / drawn.length).toBeCloseTo(0.9, 1)
})
