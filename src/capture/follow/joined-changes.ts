import type { FeedChanges } from '#connector/feed'
import { assert } from '#stdx/assert'

/** Small batches are scanned together up to about this many bytes: each scan costs some time. */
const JOINED_BYTES = 262_144

/** Changes of several transactions as one batch, and of which transaction each row is. */
export type Joined = {
  readonly changes: FeedChanges
  readonly ordinals: Uint32Array
}

/** Room that is made at first, in bytes of rows; it doubles. */
const ROOM_BYTES = 4096

/**
 * Joins the batches of one entity, in order, as long as they are small and have the same fields. Takes
 * over what it is given, and copies what is small at once: very many small arrays that live for a
 * second are the most that a collector of garbage can be asked.
 */
export class JoinedChanges {
  #first: FeedChanges | undefined
  /** The first one as it came, when it is too large for copying. */
  #whole: Joined | undefined
  #count = 0
  #used = 0
  #bytes = new Uint8Array(0)
  #ops = new Uint8Array(0)
  #ends = new Uint32Array(0)
  #ordinals = new Uint32Array(0)

  get isFull(): boolean {
    return this.#whole !== undefined || this.#used >= JOINED_BYTES
  }

  /** Whether a batch can be held with those that are. */
  fits({ fields, rows }: FeedChanges): boolean {
    if (this.#first === undefined) return true
    if (this.#whole !== undefined || rows.kind === 'large') return false
    return isSame(this.#first.fields, fields)
  }

  add(changes: FeedChanges, ordinal: number): void {
    const { ops, rows } = changes
    assert(this.fits(changes), 'A batch is joined with others that it fits.')
    const isFirst = this.#first === undefined
    this.#first ??= changes
    if (rows.kind === 'large' || (isFirst && rows.bytes.length >= JOINED_BYTES)) {
      this.#whole = { changes, ordinals: new Uint32Array(ops.length).fill(ordinal) }
      return
    }
    this.#makeRoom(rows.bytes.length, ops.length)
    this.#bytes.set(rows.bytes, this.#used)
    this.#ops.set(ops, this.#count)
    for (let i = 0; i < ops.length; i++) {
      this.#ends[this.#count + i] = this.#used + (rows.ends[i] ?? 0)
    }
    this.#ordinals.fill(ordinal, this.#count, this.#count + ops.length)
    this.#used += rows.bytes.length
    this.#count += ops.length
  }

  /** All that is held; `undefined` when that is nothing. */
  take(): Joined | undefined {
    const first = this.#first
    const joined = this.#whole ?? (first && this.#join(first))
    this.#first = undefined
    this.#whole = undefined
    this.#count = 0
    this.#used = 0
    return joined
  }

  #join(first: FeedChanges): Joined {
    const count = this.#count
    const rows = {
      kind: 'rows' as const,
      bytes: this.#bytes.slice(0, this.#used),
      ends: this.#ends.slice(0, count),
    }
    const changes = { ...first, ops: this.#ops.slice(0, count), rows }
    return { changes, ordinals: this.#ordinals.slice(0, count) }
  }

  #makeRoom(bytes: number, rows: number): void {
    if (this.#used + bytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(ROOM_BYTES, 2 * (this.#used + bytes)))
      grown.set(this.#bytes.subarray(0, this.#used))
      this.#bytes = grown
    }
    if (this.#count + rows <= this.#ops.length) return
    const room = Math.max(ROOM_BYTES / 64, 2 * (this.#count + rows))
    const [ops, ends, ordinals] = [this.#ops, this.#ends, this.#ordinals]
    this.#ops = new Uint8Array(room)
    this.#ends = new Uint32Array(room)
    this.#ordinals = new Uint32Array(room)
    this.#ops.set(ops)
    this.#ends.set(ends)
    this.#ordinals.set(ordinals)
  }
}

export function changesBytes({ rows }: FeedChanges): number {
  if (rows.kind === 'rows') return rows.bytes.length
  return rows.parts.reduce((sum, part) => sum + part.length, 0)
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
}
