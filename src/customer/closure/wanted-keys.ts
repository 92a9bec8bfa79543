import { encodeKey } from '#record/key'
import type { KeyEncoding, SchemaVersion } from '#record/schema'
import { isAppError } from '#stdx/app-error'
import { keyOf } from '../key-of.ts'

/** How values of some fields are the beginning of a key: where each key field is among them. */
export type KeyStart = {
  readonly positions: readonly number[]
  readonly encodings: readonly KeyEncoding[]
}

/** Whether the fields, in whatever order, are the first ones of the key; then records are found fast. */
export function keyStartOf(schema: SchemaVersion, fields: readonly string[]): KeyStart | undefined {
  const { key } = schema
  if (key.kind === 'digest') return undefined
  const names = keyOf(schema).slice(0, fields.length)
  const positions = names.map((name) => fields.indexOf(name))
  if (positions.length !== fields.length || positions.includes(-1)) return undefined
  return { positions, encodings: key.encodings.slice(0, fields.length) }
}

/** The bytes that keys of such records begin with; `undefined` for values that no key can have. */
export function encodeKeyStart(
  { encodings, positions }: KeyStart,
  values: readonly string[],
): Uint8Array | undefined {
  try {
    return encodeKey(
      positions.map((position) => values[position] ?? ''),
      encodings,
    )
  } catch (error) {
    // A number with leading zeros is the key of no record whose key is a number.
    if (!isAppError(error, 'record.key-invalid')) throw error
    return undefined
  }
}

/** Beginnings of keys, none of which begins another: every part of a key ends by itself. */
export class WantedKeys {
  readonly #starts: readonly Uint8Array[]

  constructor(starts: readonly Uint8Array[]) {
    this.#starts = [...starts].sort(Buffer.compare)
  }

  /** Whether a wanted key may lie between two keys, both included. */
  mayBeIn(firstKey: Uint8Array, lastKey: Uint8Array): boolean {
    const at = this.#firstFrom(firstKey)
    const next = this.#starts[at]
    if (next !== undefined && Buffer.compare(next, lastKey) <= 0) return true
    return begins(this.#starts[at - 1], firstKey)
  }

  has(key: Uint8Array): boolean {
    const at = this.#firstFrom(key)
    const next = this.#starts[at]
    if (next !== undefined && Buffer.compare(next, key) === 0) return true
    return begins(this.#starts[at - 1], key)
  }

  /** Index of the first beginning that is not before `key`. */
  #firstFrom(key: Uint8Array): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const start = this.#starts[middle]
      if (start !== undefined && Buffer.compare(start, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function begins(start: Uint8Array | undefined, key: Uint8Array): boolean {
  if (start === undefined || start.length > key.length) return false
  for (let i = 0; i < start.length; i++) if (start[i] !== key[i]) return false
  return true
}
