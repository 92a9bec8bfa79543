import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import { foldCode, foldName, readText } from '../values/fold-text.ts'
import type { RowFields } from '../values/row-fields.ts'

/**
 * What of the records of an entity is indexed: values of some fields as rows spell them, as links
 * compare them; or one field as a search folds it, numbers and addresses as codes, names as names.
 */
export type Column = {
  readonly kind: 'values' | 'code' | 'name'
  readonly fields: readonly string[]
}

export function isSameColumn(a: Column, b: Column): boolean {
  return a.kind === b.kind && a.fields.join('\t') === b.fields.join('\t')
}

const TAB = 0x09
const BACKSLASH = 0x5c
const NULL_SIGN = 0x4e
const LARGE_SIGN = 0x40

/** Takes what is indexed out of rows. What it took stands in `bytes` until the next row. */
export class ColumnReader {
  bytes = Buffer.alloc(1024)
  readonly #column: Column
  readonly #indexes: readonly number[]

  constructor({ fields }: SchemaVersion, column: Column) {
    this.#column = column
    this.#indexes = column.fields.map((name) => {
      const index = fields.findIndex((field) => field.name === name)
      assert(index >= 0, 'A column is of fields of its entity.')
      return index
    })
  }

  /** How many bytes it took; `undefined` where a value is missing or lies out of line. */
  read(rows: Buffer, row: RowFields): number | undefined {
    if (this.#column.kind === 'values') return this.#copyValues(rows, row)
    const text = readText(rows, row, this.#indexes[0] ?? 0)
    if (text === null) return undefined
    const folded = this.#column.kind === 'code' ? foldCode(text) : foldName(text)
    this.#makeRoom(3 * folded.length)
    return this.bytes.write(folded)
  }

  #copyValues(rows: Buffer, row: RowFields): number | undefined {
    let used = 0
    for (const [i, index] of this.#indexes.entries()) {
      const [start, end] = [row.startOf(index), row.endOf(index)]
      const sign = rows[start] === BACKSLASH ? rows[start + 1] : undefined
      if (sign === NULL_SIGN || sign === LARGE_SIGN) return undefined
      this.#makeRoom(used + end - start + 1)
      if (i > 0) this.bytes[used++] = TAB
      for (let at = start; at < end; at++) this.bytes[used++] = rows[at] ?? 0
    }
    return used
  }

  #makeRoom(size: number): void {
    if (size > this.bytes.length) this.bytes = Buffer.concat([this.bytes, Buffer.alloc(size)])
  }
}
