import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpiredPoints } from './expired-points.ts'
import { PAGE_ITEMS, PagedLog } from './paged-log.ts'

test('ExpiredPoints tells of every point what a map tells', () => {
  const aWord = fc.uniqueArray(fc.nat(60), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(aWord, { maxLength: 8 }), fc.nat(60), fc.nat(60), (words, a, b) => {
      const [seqMin, seqMax] = a < b ? [a, b] : [b, a]
      const expected = new Map<number, number>()
      let expired = new ExpiredPoints()
      words.forEach((word, i) => {
        const points = word.filter((seq) => !expected.has(seq))
        expired = expired.add(points, 100 + i)
        for (const seq of points) expected.set(seq, 100 + i)
      })
      for (let seq = 0; seq <= 61; seq++) expect(expired.get(seq)).toBe(expected.get(seq))
      expect(expired.size).toBe(expected.size)
      const between = [...expected].some(([seq, by]) => by > 102 && seq >= seqMin && seq <= seqMax)
      expect(expired.isAnyBetween({ seqMin, seqMax }, 102)).toBe(between)
    }),
  )
})

test('ExpiredPoints takes no room for points in a row', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => i + 5)
  const expired = new ExpiredPoints().add(many, 20_000).add([1], 20_001)
  expect(expired.stretches).toHaveLength(2)
})

test('PagedLog is what it was, whatever is added to it afterwards', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3 * PAGE_ITEMS), { maxLength: 4 }), (lengths) => {
      const logs = lengths.map((length) => {
        let log = new PagedLog<number>()
        for (let i = 0; i < length; i++) log = log.add(i)
        // Two that go on from the same one do not see each other.
        const other = log.add(-1)
        return { length, log: log.add(length), other }
      })
      for (const { length, log, other } of logs) {
        expect([log.length, log.at(length), log.at(length + 1)]).toEqual([
          length + 1,
          length,
          undefined,
        ])
        expect([other.length, other.at(length)]).toEqual([length + 1, -1])
        expect([...log]).toEqual(Array.from({ length: length + 1 }, (_, i) => i))
      }
    }),
    { numRuns: 20 },
  )
})
