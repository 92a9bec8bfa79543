import { isUtf8 } from 'node:buffer'
import { BLOCK_BYTES, LARGE_ROW_BYTES } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import {
  DELETE,
  type FeedChanges,
  type FeedRows,
  INSERT,
  type Unchanged,
  UPDATE,
} from '../../feed.ts'
import type { RowPlan, RowShape } from './relation.ts'
import { LargeRowWriter, type RowSink, RowWriter } from './row-writer.ts'
import { NOT_SENT, NULL, type TupleView } from './tuple-view.ts'

const ROWS_MAX = 65_536
const NOTHING: ReadonlyMap<number, Unchanged> = new Map()

/**
 * The changes of one entity that wait to be handed out, made from rows as the stream sends them.
 * Holds at most about `BLOCK_BYTES` and one row.
 */
export class RowBlock {
  readonly #shape: RowShape
  readonly #isUnchecked: boolean
  readonly #emit: (changes: FeedChanges) => void
  readonly #writer = new RowWriter()
  #ops = new Uint8Array(new ArrayBuffer(64))
  #ends = new Uint32Array(new ArrayBuffer(256))
  #count = 0
  #unchanged: Map<number, Unchanged> | undefined

  /** @param isUnchecked the server does not vouch for its text being UTF-8 */
  constructor(shape: RowShape, isUnchecked: boolean, emit: (changes: FeedChanges) => void) {
    this.#shape = shape
    this.#isUnchecked = isUnchecked
    this.#emit = emit
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#writer.used
  }

  insert(plan: RowPlan, row: TupleView): void {
    this.#put(plan, { op: INSERT, row, old: undefined, oldKey: null })
  }

  /** @param old what the server sent of the row before; nothing when the key is as before */
  update(plan: RowPlan, row: TupleView, old: TupleView | undefined): void {
    if (old === undefined || !isMoved(plan, row, old)) {
      this.#put(plan, { op: UPDATE, row, old, oldKey: null })
      return
    }
    const start = this.#writeKey(plan, old)
    const oldKey = this.#writer.copy(start)
    this.#add(DELETE)
    this.#put(plan, { op: INSERT, row, old, oldKey })
  }

  delete(plan: RowPlan, old: TupleView): void {
    this.#writeKey(plan, old)
    this.#add(DELETE)
  }

  /** Returns where it begins. */
  #writeKey({ columnByField, keyFields }: RowPlan, old: TupleView): number {
    const writer = this.#writer
    const start = writer.used
    writer.reserve(old.textBytesMax)
    for (let part = 0; part < keyFields.length; part++) {
      if (part > 0) writer.tab()
      writeColumn(writer, old, columnByField[keyFields[part] ?? 0] ?? 0)
    }
    writer.endRow()
    return start
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
    this.#count = 0
    this.#unchanged = undefined
    this.#send(ops, { kind: 'rows', bytes, ends }, unchanged)
  }

  #put({ columnByField }: RowPlan, { old, oldKey, op, row }: Put): void {
    const textBytesMax = row.textBytesMax + (old?.textBytesMax ?? 0)
    const isLarge = textBytesMax > LARGE_ROW_BYTES
    const large = isLarge ? new LargeRowWriter() : undefined
    if (!isLarge) this.#writer.reserve(textBytesMax)
    const missing = writeRow(large ?? this.#writer, columnByField, row, old)
    const unchanged = missing === undefined ? undefined : { fields: missing, oldKey }
    if (large !== undefined) {
      const parts = large.takeParts()
      const size = parts.reduce((sum, part) => sum + part.length, 0)
      if (size > LARGE_ROW_BYTES) {
        this.#sendLarge(op, parts, unchanged)
        return
      }
      for (const part of parts) this.#writer.append(part)
    }
    if (unchanged !== undefined) {
      this.#unchanged ??= new Map()
      this.#unchanged.set(this.#count, unchanged)
    }
    this.#add(op)
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
      const found = 'the database has no encoding, and a value is not UTF-8'
      const message = `Cannot follow "${entity}": ${found}`
      throw new AppError('connector.value-refused', message, { entity }, { cause })
    }
  }
}

type Put = {
  readonly op: typeof INSERT | typeof UPDATE
  readonly row: TupleView
  readonly old: TupleView | undefined
  /** As in `Unchanged`. */
  readonly oldKey: Uint8Array<ArrayBuffer> | null
}

function writeColumn(to: RowSink, row: TupleView, column: number): void {
  const length = row.lengths[column] ?? NULL
  if (length === NULL) to.writeNull()
  else to.writeValue(row.message, row.starts[column] ?? 0, length)
}

/** Returns the fields that were not sent. */
function writeRow(
  to: RowSink,
  columnByField: Int32Array,
  row: TupleView,
  old: TupleView | undefined,
): number[] | undefined {
  let missing: number[] | undefined
  for (let field = 0; field < columnByField.length; field++) {
    if (field > 0) to.tab()
    const column = columnByField[field] ?? 0
    if (row.lengths[column] !== NOT_SENT) writeColumn(to, row, column)
    else if (old?.holds(column) === true) writeColumn(to, old, column)
    else {
      missing ??= []
      missing.push(field)
    }
  }
  to.endRow()
  return missing
}

function isMoved({ columnByField, keyFields }: RowPlan, row: TupleView, old: TupleView): boolean {
  for (const field of keyFields) {
    const column = columnByField[field] ?? 0
    // A key field that was not sent is as before.
    if (row.lengths[column] !== NOT_SENT && !row.hasEqual(old, column)) return true
  }
  return false
}
