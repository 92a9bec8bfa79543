import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashBytes, ValueSketch } from './value-sketch.ts'

function sketchOf(values: Iterable<number | string>, max = 256): ValueSketch {
  const sketch = new ValueSketch(max)
  for (const value of values) {
    const bytes = Buffer.from(String(value))
    sketch.add(hashBytes(bytes, 0, bytes.length))
  }
  return sketch
}

function* range(from: number, to: number): Generator<number> {
  for (let i = from; i < to; i++) yield i
}

test('a sketch is exact as long as it remembers everything', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60)), fc.array(fc.nat(60)), (left, right) => {
      const [a, b] = [sketchOf(left), sketchOf(right)]
      const distinct = new Set(left)
      expect(a.distinctAbout).toBe(distinct.size)
      expect(a.isUnique).toBe(left.length > 0 && distinct.size === left.length)
      const found = [...distinct].filter((value) => right.includes(value)).length
      expect(a.foundIn(b)).toEqual({ found, of: distinct.size })
    }),
  )
})

test('a sketch of many values tells shares and numbers within a few hundredths', () => {
  const big = sketchOf(range(0, 100_000))
  expect(big.distinctAbout / 100_000).toBeCloseTo(1, 0)
  expect(big.isUnique).toBe(true)
  expect(sketchOf([...range(0, 50_000), ...range(0, 50_000)]).isUnique).toBe(false)
  const half = sketchOf(range(50_000, 150_000))
  const { found, of } = half.foundIn(big)
  expect(of).toBeGreaterThan(200)
  expect(Math.abs(found / of - 0.5)).toBeLessThan(0.1)
  const part = sketchOf(range(1000, 60_000)).foundIn(big)
  expect(part.found).toBe(part.of)
})

test('foundIn() gives up on fields that have nothing in common', () => {
  expect(sketchOf(range(0, 10_000)).foundIn(sketchOf(range(20_000, 30_000)))).toEqual({
    found: 0,
    of: 100,
  })
})
