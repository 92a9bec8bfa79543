import type { PageSink, Pages } from './sealed-pages.ts'

/**
 * Names of all versions of a segment, one a line, folded: small enough to be looked through as a
 * whole, which finds any part of a name.
 */

const PAGE_BYTES = 262_144
const NEWLINE = 0x0a

export class NameLinesWriter {
  readonly #sink: PageSink
  #page = Buffer.alloc(PAGE_BYTES)
  #used = 0
  #first = 0
  #version = 0

  constructor(sink: PageSink) {
    this.#sink = sink
  }

  /** The name of the next version, none where it is empty. @returns whether `flush` has to be called */
  add(name: Uint8Array): boolean {
    const needed = this.#used + name.length + 1
    if (needed > this.#page.length) this.#page = Buffer.concat([this.#page, Buffer.alloc(needed)])
    this.#page.set(name, this.#used)
    this.#used = needed
    this.#page[needed - 1] = NEWLINE
    this.#version += 1
    return this.#used >= PAGE_BYTES
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return
    await this.#sink.add({ run: 0, first: this.#first }, this.#page.subarray(0, this.#used))
    this.#used = 0
    this.#first = this.#version
  }
}

/** Versions whose names hold all of the words. */
export function findInLines(pages: Pages, words: readonly string[]): number[] {
  const [longest, ...others] = [...words]
    .sort((a, b) => b.length - a.length)
    .map((word) => Buffer.from(word))
  const found: number[] = []
  if (longest === undefined) return found
  pages.reading((read) => {
    for (const [index, { first }] of pages.marks.entries()) {
      const page = read(index)
      let version = first
      let counted = 0
      for (let at = page.indexOf(longest); at >= 0; ) {
        // Lines between the last hit and this one.
        for (let end = page.indexOf(NEWLINE, counted); end < at; ) {
          version += 1
          counted = end + 1
          end = page.indexOf(NEWLINE, counted)
        }
        const end = page.indexOf(NEWLINE, at)
        const line = page.subarray(counted, end)
        if (others.every((word) => line.includes(word))) found.push(version)
        at = page.indexOf(longest, end)
      }
    }
  })
  return found
}
