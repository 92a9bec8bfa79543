/** Items of a log that lie together; reading them again may cost reading a file. */
export type Page<Item> = {
  readonly items: () => readonly Item[]
  /** Under which name they are kept outside this process; absent: only here. */
  readonly name?: string
}

export const PAGE_ITEMS = 1024

/**
 * A list that only grows, in pages that may lie elsewhere until they are asked for. Immutable: adding
 * gives another list that shares what it can, at the cost of one item.
 */
export class PagedLog<Item> {
  readonly pages: readonly Page<Item>[]
  /** Grows with the lists that share it; this one has as many of them as `#tailCount`. */
  readonly #tail: Item[]
  readonly #tailCount: number

  constructor(pages: readonly Page<Item>[] = [], tail: Item[] = []) {
    this.pages = pages
    this.#tail = tail
    this.#tailCount = tail.length
  }

  get length(): number {
    return this.pages.length * PAGE_ITEMS + this.#tailCount
  }

  /** Whether all full pages lie outside this process. */
  get isKept(): boolean {
    return this.pages.every(({ name }) => name !== undefined)
  }

  /** The items behind the last full page. */
  get tail(): readonly Item[] {
    return this.#tail.slice(0, this.#tailCount)
  }

  at(index: number): Item | undefined {
    const page = this.pages[Math.floor(index / PAGE_ITEMS)]
    if (page !== undefined) return page.items()[index % PAGE_ITEMS]
    const inTail = index - this.pages.length * PAGE_ITEMS
    return inTail < this.#tailCount ? this.#tail[inTail] : undefined
  }

  add(item: Item): PagedLog<Item> {
    const isNewest = this.#tail.length === this.#tailCount
    const tail = isNewest ? this.#tail : this.#tail.slice(0, this.#tailCount)
    tail.push(item)
    if (tail.length < PAGE_ITEMS) return new PagedLog(this.pages, tail)
    return new PagedLog([...this.pages, { items: () => tail }])
  }

  filter(isIn: (item: Item) => boolean): Item[] {
    return [...this].filter(isIn)
  }

  map<T>(fn: (item: Item) => T): T[] {
    return [...this].map(fn)
  }

  *[Symbol.iterator](): Generator<Item, void, undefined> {
    for (const { items } of this.pages) yield* items()
    yield* this.tail
  }
}
