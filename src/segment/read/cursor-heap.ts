import { compareVersions, type RunCursor } from './run-cursor.ts'

/** Cursors by the version they stand at, the first in order on top. */
export class CursorHeap {
  readonly #cursors: RunCursor[]

  constructor(cursors: readonly RunCursor[]) {
    this.#cursors = [...cursors].sort(compareCursors)
  }

  top(): RunCursor | undefined {
    return this.#cursors[0]
  }

  /** The cursor that would be on top without the one that is. */
  second(): RunCursor | undefined {
    const [, left, right] = this.#cursors
    if (left === undefined || right === undefined) return left
    return compareCursors(left, right) <= 0 ? left : right
  }

  /** Puts things right after the top has moved on, or drops it when it has reached its end. */
  settle(hasMore: boolean): void {
    const cursors = this.#cursors
    const last = hasMore ? cursors[0] : cursors.pop()
    if (last === undefined || cursors.length === 0) return
    cursors[0] = last
    let at = 0
    for (;;) {
      const child = this.#smallerChild(at)
      const below = cursors[child]
      if (below === undefined || compareCursors(last, below) <= 0) return
      cursors[at] = below
      cursors[child] = last
      at = child
    }
  }

  #smallerChild(at: number): number {
    const left = this.#cursors[2 * at + 1]
    const right = this.#cursors[2 * at + 2]
    const isRight = left !== undefined && right !== undefined && compareCursors(right, left) < 0
    return 2 * at + (isRight ? 2 : 1)
  }
}

function compareCursors(a: RunCursor, b: RunCursor): number {
  return compareVersions(a.batch, a.index, b.batch, b.index)
}
