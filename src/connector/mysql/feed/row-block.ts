import { ChangeBlock, type ChangeShape } from '../../changes/change-block.ts'
import type { RowSink } from '../../changes/row-writer.ts'
import { type FeedChanges, INSERT, UPDATE } from '../../feed.ts'
import type { RowPlan } from './row-plan.ts'
import { NOT_SENT, NULL, type RowView } from './row-view.ts'

/** Writes the changes of one entity, as the log has them, into the block that is handed out. */
export class RowBlock {
  readonly #block: ChangeBlock

  constructor(shape: ChangeShape, emit: (changes: FeedChanges) => void) {
    this.#block = new ChangeBlock(shape, true, emit)
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#block.bytes
  }

  insert(plan: RowPlan, row: RowView): void {
    this.#put(plan, { op: INSERT, row, old: undefined, oldKey: null })
  }

  /** @param old the row before, or what of it was sent: its key at least */
  update(plan: RowPlan, row: RowView, old: RowView): void {
    if (!isMoved(plan, row, old)) {
      this.#put(plan, { op: UPDATE, row, old, oldKey: null })
      return
    }
    this.#writeKey(plan, old)
    const oldKey = this.#block.copyKey()
    this.#block.endKey()
    this.#put(plan, { op: INSERT, row, old, oldKey })
  }

  delete(plan: RowPlan, old: RowView): void {
    this.#writeKey(plan, old)
    this.#block.endKey()
  }

  /** Hands out what waits. */
  flush(): void {
    this.#block.flush()
  }

  /** Drops what waits. */
  clear(): void {
    this.#block.clear()
  }

  #writeKey(plan: RowPlan, old: RowView): void {
    const { keyFields } = plan
    let textBytesMax = keyFields.length + 1
    for (const field of keyFields) textBytesMax += fieldBytesMax(plan, field, old)
    const to = this.#block.beginKey(textBytesMax)
    for (let part = 0; part < keyFields.length; part++) {
      if (part > 0) to.tab()
      writeField(to, plan, keyFields[part] ?? 0, old)
    }
    to.endRow()
  }

  #put(plan: RowPlan, { old, oldKey, op, row }: Put): void {
    const { columnByField } = plan
    let textBytesMax = columnByField.length + 1
    for (let field = 0; field < columnByField.length; field++) {
      const from = old === undefined ? row : sentIn(columnByField[field] ?? 0, row, old)
      textBytesMax += fieldBytesMax(plan, field, from)
    }
    const to = this.#block.begin(textBytesMax)
    let missing: number[] | undefined
    for (let field = 0; field < columnByField.length; field++) {
      if (field > 0) to.tab()
      const column = columnByField[field] ?? 0
      const from = old === undefined ? row : sentIn(column, row, old)
      if (from.lengths[column] !== NOT_SENT) writeField(to, plan, field, from)
      else {
        missing ??= []
        missing.push(field)
      }
    }
    to.endRow()
    this.#block.end(op, missing === undefined ? undefined : { fields: missing, oldKey })
  }
}

type Put = {
  readonly op: typeof INSERT | typeof UPDATE
  readonly row: RowView
  readonly old: RowView | undefined
  /** As in `Unchanged`. */
  readonly oldKey: Uint8Array<ArrayBuffer> | null
}

/** What is not sent of a row is as in the row before. */
function sentIn(column: number, row: RowView, old: RowView): RowView {
  return row.lengths[column] === NOT_SENT ? old : row
}

function fieldBytesMax({ columnByField, forms }: RowPlan, field: number, row: RowView): number {
  const column = columnByField[field] ?? 0
  const length = row.lengths[column] ?? NULL
  if (length < 0) return 2
  return forms[field]?.textBytesMax(row.event, row.starts[column] ?? 0, length) ?? 0
}

function writeField(
  to: RowSink,
  { columnByField, forms }: RowPlan,
  field: number,
  row: RowView,
): void {
  const column = columnByField[field] ?? 0
  const length = row.lengths[column] ?? NULL
  if (length === NULL) to.writeNull()
  else forms[field]?.write(to, row.event, row.starts[column] ?? 0, length)
}

function isMoved({ columnByField, keyFields }: RowPlan, row: RowView, old: RowView): boolean {
  for (const field of keyFields) {
    const column = columnByField[field] ?? 0
    if (row.lengths[column] !== NOT_SENT && !row.hasEqual(old, column)) return true
  }
  return false
}
