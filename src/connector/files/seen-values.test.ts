import { expect, test } from 'vitest'
import { SeenValues } from './seen-values.ts'

const encoder = new TextEncoder()

function addAll(seen: SeenValues, from: number, to: number): number {
  let twice = 0
  for (let i = from; i < to; i++) {
    const bytes = encoder.encode(`K-${i}`)
    if (!seen.add(bytes, 0, bytes.length)) twice += 1
  }
  return twice
}

test('a text that comes twice is noticed, and no other', () => {
  const seen = new SeenValues(1_048_576)
  expect(addAll(seen, 0, 200_000)).toBe(0)
  expect(addAll(seen, 0, 200_000)).toBe(200_000)
  expect(seen.isExact).toBe(true)
})

test('in little room most of what comes twice is forgotten, and nothing is made up', () => {
  const seen = new SeenValues(16_384)
  expect(addAll(seen, 0, 200_000)).toBe(0)
  expect(seen.isExact).toBe(false)
  expect(addAll(seen, 0, 200_000)).toBeGreaterThan(1_000)
})
