import { findFirst } from '#segment/columns'
import type { PageSink, Pages } from './sealed-pages.ts'

/**
 * Hashes of values with the versions that hold them, as runs of entries of eight bytes, sorted: the
 * hash, and the number of the version among those of its segment. Two values may have one hash.
 */

const PAGE_ENTRIES = 2048
const ENTRY_BYTES = 8

/** Sorts as many entries as it holds, and writes them as one run. */
export class ValueRunsWriter {
  readonly #sink: PageSink
  readonly #entries: BigUint64Array<ArrayBuffer>
  readonly #words: Uint32Array
  #count = 0
  #run = 0

  /** @param entriesMax held at a time, eight bytes each */
  constructor(sink: PageSink, entriesMax: number) {
    this.#sink = sink
    this.#entries = new BigUint64Array(entriesMax)
    this.#words = new Uint32Array(this.#entries.buffer)
  }

  /** @returns whether `flush` has to be called before the next */
  add(hash: number, version: number): boolean {
    this.#words[2 * this.#count] = version
    this.#words[2 * this.#count + 1] = hash
    this.#count += 1
    return this.#count >= this.#entries.length
  }

  async flush(): Promise<void> {
    const entries = this.#entries.subarray(0, this.#count).sort()
    for (let from = 0; from < this.#count; from += PAGE_ENTRIES) {
      const page = entries.subarray(from, from + PAGE_ENTRIES)
      const bytes = new Uint8Array(page.buffer, page.byteOffset, page.byteLength)
      await this.#sink.add({ run: this.#run, first: this.#words[2 * from + 1] ?? 0 }, bytes)
    }
    this.#count = 0
    this.#run += 1
  }
}

/**
 * Versions that hold a value of one of these hashes, and perhaps some that do not.
 * @param hashes ascending
 */
export function findInRuns(pages: Pages, hashes: Uint32Array): number[] {
  const { marks } = pages
  const found: number[] = []
  pages.reading((read) => {
    for (let from = 0; from < marks.length; ) {
      let to = from + 1
      while (marks[to]?.run === marks[from]?.run) to += 1
      findInRun({ marks, from, to, read }, hashes, found)
      from = to
    }
  })
  return found
}

type Run = Pick<Pages, 'marks'> & {
  readonly from: number
  readonly to: number
  readonly read: (index: number) => Buffer
}

function findInRun({ from, marks, read, to }: Run, hashes: Uint32Array, found: number[]): void {
  const firstOf = (index: number) => marks[index]?.first ?? 0
  let held = from
  let page = read(held)
  for (const hash of hashes) {
    const behind = held + findFirst(0, to - held, (i) => firstOf(held + i) >= hash)
    // Entries of one hash may begin on the page before the one that begins with it.
    for (let at = Math.max(held, behind - 1); at < to && firstOf(at) <= hash; at++) {
      if (at !== held) page = read(at)
      held = at
      takeFromPage(page, hash, found)
    }
  }
}

function takeFromPage(page: Buffer, hash: number, found: number[]): void {
  const count = page.length / ENTRY_BYTES
  const hashOf = (entry: number) => page.readUInt32LE(entry * ENTRY_BYTES + 4)
  for (let at = findFirst(0, count, (i) => hashOf(i) >= hash); at < count; at++) {
    if (hashOf(at) !== hash) return
    found.push(page.readUInt32LE(at * ENTRY_BYTES))
  }
}
