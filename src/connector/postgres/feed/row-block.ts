import { ChangeBlock, type ChangeShape } from '../../changes/change-block.ts'
import type { RowSink } from '../../changes/row-writer.ts'
import { type FeedChanges, INSERT, UPDATE } from '../../feed.ts'
import type { RowPlan } from './relation.ts'
import { NOT_SENT, NULL, type TupleView } from './tuple-view.ts'

/** Writes the changes of one entity, as the stream sends them, into the block that is handed out. */
export class RowBlock {
  readonly #block: ChangeBlock

  /** @param isUnchecked the server does not vouch for its text being UTF-8 */
  constructor(shape: ChangeShape, isUnchecked: boolean, emit: (changes: FeedChanges) => void) {
    this.#block = new ChangeBlock(shape, isUnchecked, emit)
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#block.bytes
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
    this.#writeKey(plan, old)
    const oldKey = this.#block.copyKey()
    this.#block.endKey()
    this.#put(plan, { op: INSERT, row, old, oldKey })
  }

  delete(plan: RowPlan, old: TupleView): void {
    this.#writeKey(plan, old)
    this.#block.endKey()
  }

  #writeKey({ columnByField, keyFields }: RowPlan, old: TupleView): void {
    const to = this.#block.beginKey(old.textBytesMax)
    for (let part = 0; part < keyFields.length; part++) {
      if (part > 0) to.tab()
      writeColumn(to, old, columnByField[keyFields[part] ?? 0] ?? 0)
    }
    to.endRow()
  }

  /** Hands out what waits, at the end of a transaction or when enough came together. */
  flush(): void {
    this.#block.flush()
  }

  #put({ columnByField }: RowPlan, { old, oldKey, op, row }: Put): void {
    const to = this.#block.begin(row.textBytesMax + (old?.textBytesMax ?? 0))
    const fields = writeRow(to, columnByField, row, old)
    this.#block.end(op, fields === undefined ? undefined : { fields, oldKey })
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
