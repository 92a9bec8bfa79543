/** Items in order of a comparison, the first on top; an item may change while it is on top. */
export class MinHeap<T extends object> {
  readonly #items: T[]
  readonly #compare: (a: T, b: T) => number

  constructor(items: readonly T[], compare: (a: T, b: T) => number) {
    // A sorted list is a heap.
    this.#items = [...items].sort(compare)
    this.#compare = compare
  }

  top(): T | undefined {
    return this.#items[0]
  }

  /** The item that would be on top without the one that is. */
  second(): T | undefined {
    // By index: taking an array apart makes an iterator, and this is asked for every stretch.
    const left = this.#items[1]
    const right = this.#items[2]
    if (left === undefined || right === undefined) return left
    return this.#compare(left, right) <= 0 ? left : right
  }

  /** Puts things right after the top has moved on, or drops it when it has reached its end. */
  settle(hasMore: boolean): void {
    const items = this.#items
    const moved = hasMore ? items[0] : items.pop()
    if (moved === undefined || items.length === 0) return
    items[0] = moved
    let at = 0
    for (;;) {
      const child = this.#smallerChild(at)
      const below = items[child]
      if (below === undefined || this.#compare(moved, below) <= 0) return
      items[at] = below
      items[child] = moved
      at = child
    }
  }

  #smallerChild(at: number): number {
    const left = this.#items[2 * at + 1]
    const right = this.#items[2 * at + 2]
    const isRight = left !== undefined && right !== undefined && this.#compare(right, left) < 0
    return 2 * at + (isRight ? 2 : 1)
  }
}
