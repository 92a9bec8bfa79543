import { isUtf8 } from 'node:buffer'
import type { EntityName } from '#record/entity-name'
import { BLOCK_BYTES, LARGE_ROW_BYTES } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { DELETE, type FeedChanges, type FeedRows, type Unchanged } from '../feed.ts'
import { LargeRowWriter, type RowSink, RowWriter } from './row-writer.ts'

const ROWS_MAX = 65_536
const NOTHING: ReadonlyMap<number, Unchanged> = new Map()

/** The rows of an entity as they are told; one object for all its parts and all the time it holds. */
export type ChangeShape = {
  readonly entity: EntityName
  readonly fields: readonly string[]
  readonly key: readonly string[]
}

/**
 * The changes of one entity that wait to be handed out. Holds at most about `BLOCK_BYTES` and one
 * row.
 */
export class ChangeBlock {
  readonly #shape: ChangeShape
  readonly #isUnchecked: boolean
  readonly #emit: (changes: FeedChanges) => void
  readonly #writer = new RowWriter()
  #ops = new Uint8Array(new ArrayBuffer(64))
  #ends = new Uint32Array(new ArrayBuffer(256))
  #count = 0
  #unchanged: Map<number, Unchanged> | undefined
  #large: LargeRowWriter | undefined

  /** @param isUnchecked the server does not vouch for its text being UTF-8 */
  constructor(shape: ChangeShape, isUnchecked: boolean, emit: (changes: FeedChanges) => void) {
    this.#shape = shape
    this.#isUnchecked = isUnchecked
    this.#emit = emit
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#writer.used
  }

  /**
   * Begins a row of at most `textBytesMax` bytes, and returns where it is written. `end` ends it;
   * nothing else may be called between the two.
   */
  begin(textBytesMax: number): RowSink {
    this.#large = textBytesMax > LARGE_ROW_BYTES ? new LargeRowWriter() : undefined
    if (this.#large === undefined) this.#writer.reserve(textBytesMax)
    return this.#large ?? this.#writer
  }

  /** Begins a row of a key, which is never large however much room is asked for. */
  beginKey(textBytesMax: number): RowSink {
    this.#writer.reserve(textBytesMax)
    return this.#writer
  }

  /** A copy of the row of a key that was begun. */
  copyKey(): Uint8Array<ArrayBuffer> {
    return this.#writer.copy(this.#count === 0 ? 0 : (this.#ends[this.#count - 1] ?? 0))
  }

  /** Ends the row of a key of a record that is gone. */
  endKey(): void {
    this.#add(DELETE)
  }

  /** @param unchanged what was not sent */
  end(op: number, unchanged: Unchanged | undefined): void {
    const parts = this.#large?.takeParts() ?? []
    this.#large = undefined
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    if (size > LARGE_ROW_BYTES) {
      this.#sendLarge(op, parts, unchanged)
      return
    }
    for (const part of parts) this.#writer.append(part)
    if (unchanged !== undefined) {
      this.#unchanged ??= new Map()
      this.#unchanged.set(this.#count, unchanged)
    }
    this.#add(op)
  }

  /** Hands out what waits, at the end of a transaction or when enough came together. */
  flush(): void {
    const count = this.#count
    if (count === 0) return
    const bytes = this.#writer.take()
    this.#refuseBroken([bytes])
    const unchanged = this.#unchanged ?? NOTHING
    const ops = this.#ops.slice(0, count)
    const ends = this.#ends.slice(0, count)
    this.#forget()
    this.#send(ops, { kind: 'rows', bytes, ends }, unchanged)
  }

  /** Drops what waits. */
  clear(): void {
    this.#writer.take()
    this.#forget()
  }

  #forget(): void {
    this.#count = 0
    this.#unchanged = undefined
  }

  #sendLarge(
    op: number,
    parts: readonly Uint8Array<ArrayBuffer>[],
    unchanged: Unchanged | undefined,
  ): void {
    this.flush()
    this.#refuseBroken(parts)
    const byRow = unchanged === undefined ? NOTHING : new Map([[0, unchanged]])
    this.#send(new Uint8Array(new ArrayBuffer(1)).fill(op), { kind: 'large', parts }, byRow)
  }

  #send(
    ops: Uint8Array<ArrayBuffer>,
    rows: FeedRows,
    unchanged: ReadonlyMap<number, Unchanged>,
  ): void {
    const { entity, fields, key } = this.#shape
    this.#emit({ kind: 'changes', entity, fields, key, ops, rows, unchanged })
  }

  #add(op: number): void {
    if (this.#count === this.#ops.length) this.#grow()
    this.#ops[this.#count] = op
    this.#ends[this.#count] = this.bytes
    this.#count += 1
    if (this.bytes >= BLOCK_BYTES || this.#count >= ROWS_MAX) this.flush()
  }

  #grow(): void {
    const ops = new Uint8Array(new ArrayBuffer(this.#count * 2))
    const ends = new Uint32Array(new ArrayBuffer(this.#count * 8))
    ops.set(this.#ops)
    ends.set(this.#ends)
    this.#ops = ops
    this.#ends = ends
  }

  /** @throws connector.value-refused when the text is not UTF-8 */
  #refuseBroken(parts: readonly Uint8Array[]): void {
    if (!this.#isUnchecked) return
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const [first] = parts
    if (parts.length === 1 && first !== undefined && isUtf8(first)) return
    try {
      for (const part of parts) decoder.decode(part, { stream: true })
      decoder.decode()
    } catch (cause) {
      const { entity } = this.#shape
      const found = 'a text is not valid in its character set'
      const message = `Cannot follow "${entity}": ${found}`
      throw new AppError('connector.value-refused', message, { entity }, { cause })
    }
  }
}
