const TAB = 0x09
const NEWLINE = 0x0a

/** Finds where the fields of a row begin and end, without an object for each. */
export class RowFields {
  /** Where each field of the row at hand begins; one more is where the next would. */
  readonly #starts: Uint32Array
  readonly #fieldsMax: number

  constructor(fieldsMax: number) {
    this.#fieldsMax = fieldsMax
    this.#starts = new Uint32Array(fieldsMax + 1)
  }

  /** Stands at the row of these bytes, its newline included. */
  split(bytes: Uint8Array, start: number, end: number): void {
    this.#starts[0] = start
    let field = 0
    for (let at = start; at < end && field < this.#fieldsMax; at++) {
      const byte = bytes[at]
      if (byte === TAB || byte === NEWLINE) this.#starts[++field] = at + 1
    }
  }

  startOf(field: number): number {
    return this.#starts[field] ?? 0
  }

  endOf(field: number): number {
    return (this.#starts[field + 1] ?? 0) - 1
  }

  isText(bytes: Uint8Array, field: number, text: Uint8Array): boolean {
    const start = this.startOf(field)
    const size = this.endOf(field) - start
    if (size !== text.length) return false
    for (let k = 0; k < size; k++) if (bytes[start + k] !== text[k]) return false
    return true
  }
}
