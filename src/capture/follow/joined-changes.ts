import type { FeedChanges } from '#connector/feed'
import { assert } from '#stdx/assert'

/** Small batches are scanned together up to about this many bytes: each scan costs some time. */
const JOINED_BYTES = 262_144

/** Changes of several transactions as one batch, and of which transaction each row is. */
export type Joined = {
  readonly changes: FeedChanges
  readonly ordinals: Uint32Array
}

/**
 * Joins the batches of one entity, in order, as long as they are small and have the same fields. Takes
 * over what it is given.
 */
export class JoinedChanges {
  #held: { readonly changes: FeedChanges; readonly ordinal: number }[] = []
  #heldBytes = 0

  get isFull(): boolean {
    return this.#heldBytes >= JOINED_BYTES
  }

  /** Whether a batch can be held with those that are. */
  fits({ fields, rows }: FeedChanges): boolean {
    const first = this.#held[0]?.changes
    if (first === undefined) return true
    if (first.rows.kind === 'large' || rows.kind === 'large') return false
    return isSame(first.fields, fields)
  }

  add(changes: FeedChanges, ordinal: number): void {
    this.#held.push({ changes, ordinal })
    this.#heldBytes += changesBytes(changes)
  }

  /** All that is held; `undefined` when that is nothing. */
  take(): Joined | undefined {
    const held = this.#held
    const [first] = held
    if (first === undefined) return undefined
    this.#held = []
    this.#heldBytes = 0
    const count = held.reduce((sum, { changes }) => sum + changes.ops.length, 0)
    const ordinals = new Uint32Array(count)
    let at = 0
    for (const { changes, ordinal } of held) {
      ordinals.fill(ordinal, at, at + changes.ops.length)
      at += changes.ops.length
    }
    const changes = held.length === 1 ? first.changes : join(held.map((one) => one.changes))
    return { changes, ordinals }
  }
}

export function changesBytes({ rows }: FeedChanges): number {
  if (rows.kind === 'rows') return rows.bytes.length
  return rows.parts.reduce((sum, part) => sum + part.length, 0)
}

function join(batches: readonly FeedChanges[]): FeedChanges {
  const [first] = batches
  assert(first !== undefined, 'There is something to join.')
  const count = batches.reduce((sum, { ops }) => sum + ops.length, 0)
  const bytes = new Uint8Array(batches.reduce((sum, one) => sum + changesBytes(one), 0))
  const ops = new Uint8Array(count)
  const ends = new Uint32Array(count)
  let row = 0
  let at = 0
  for (const { ops: own, rows } of batches) {
    assert(rows.kind === 'rows', 'A large row is joined with nothing.')
    bytes.set(rows.bytes, at)
    ops.set(own, row)
    for (let i = 0; i < own.length; i++) ends[row + i] = at + (rows.ends[i] ?? 0)
    row += own.length
    at += rows.bytes.length
  }
  return { ...first, ops, rows: { kind: 'rows', bytes, ends } }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
}
