import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnownSessions } from './known-sessions.ts'

const nameOf = (i: number) => `session-${i}`
const namesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => nameOf(from + i))

test('KnownSessions knows what was added to it and to those before it, however much', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 4 }), (sizes) => {
      let known = new KnownSessions()
      let count = 0
      for (const size of sizes) {
        const before = known
        known = known.add(namesOf(count, count + size))
        expect(before.has(nameOf(count))).toBe(false)
        count += size
      }
      for (const i of [0, count >> 1, count - 1]) expect(known.has(nameOf(i))).toBe(count > 0)
      expect(known.has(nameOf(count))).toBe(false)
    }),
    { numRuns: 5 },
  )
})

test('KnownSessions merges runs, so that few are looked into', () => {
  let known = new KnownSessions()
  for (let i = 0; i < 17; i++) known = known.add(namesOf(i * 4096, (i + 1) * 4096))
  expect(known.runs.length).toBeLessThan(5)
  for (let i = 0; i < 17 * 4096; i += 5021) expect(known.has(nameOf(i))).toBe(true)
  expect(known.has('stranger')).toBe(false)
})
