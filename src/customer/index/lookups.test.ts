import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findInLines, NameLinesWriter } from './name-lines.ts'
import { MemoryPages } from './sealed-pages.ts'
import { findInRuns, ValueRunsWriter } from './value-runs.ts'

async function writeRuns(hashes: readonly number[], entriesMax: number): Promise<MemoryPages> {
  const pages = new MemoryPages()
  const writer = new ValueRunsWriter(pages, entriesMax)
  for (const [version, hash] of hashes.entries())
    if (writer.add(hash, version)) await writer.flush()
  await writer.flush()
  return pages
}

test('findInRuns() finds every version of a hash, over all runs and pages', async () => {
  const few = fc.integer({ min: 0, max: 6 }).map((n) => n * 0x2aaa_aaaa)
  await fc.assert(
    fc.asyncProperty(
      fc.array(few, { maxLength: 200 }),
      fc.uniqueArray(few, { maxLength: 4 }),
      fc.integer({ min: 1, max: 60 }),
      async (hashes, wanted, entriesMax) => {
        const pages = await writeRuns(hashes, entriesMax)
        const found = findInRuns(pages, Uint32Array.from(wanted).sort())
        const expected = hashes.flatMap((hash, version) => (wanted.includes(hash) ? version : []))
        expect(found.sort((a, b) => a - b)).toEqual(expected)
      },
    ),
  )
})

test('findInRuns() follows one hash over many pages, and into the page before', async () => {
  const hashes = Array.from({ length: 10_000 }, (_, i) => (i < 3000 ? 1 : i < 9000 ? 5 : 9))
  const pages = await writeRuns(hashes, 10_000)
  expect(pages.marks.length).toBe(5)
  const countOf = (...wanted: number[]) => findInRuns(pages, Uint32Array.from(wanted)).length
  expect([countOf(1), countOf(5), countOf(9), countOf(1, 5, 9), countOf(0, 2, 7, 10)]).toEqual([
    3000, 6000, 1000, 10_000, 0,
  ])
})

test('findInLines() finds every name that holds all words, whatever page it is on', async () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'ü'), maxLength: 9 })
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(name, { maxLength: 60 }),
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 20 }),
      async (names, words, flushEvery) => {
        const pages = new MemoryPages()
        const writer = new NameLinesWriter(pages)
        for (const [i, one] of names.entries()) {
          writer.add(Buffer.from(one))
          if (i % flushEvery === 0) await writer.flush()
        }
        await writer.flush()
        const expected = names.flatMap((one, i) =>
          words.every((part) => one.includes(part)) ? i : [],
        )
        expect(findInLines(pages, words)).toEqual(expected)
      },
    ),
  )
})
