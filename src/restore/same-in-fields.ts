import { createHmac } from 'node:crypto'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { parseLargeMarker, splitRowBytes } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'

/** Whether both sides of a pair are there and hold the same values in `fields`. */
export type SameInFields = (pair: RecordPair, fields: readonly string[]) => boolean

/** Compares single fields of rows under one schema; large values by their keyed hash, as the vault knows them. */
export function openSameInFields(digestKey: DigestKey, schema: SchemaVersion): SameInFields {
  const names = scanFields(schema)
  const { blob } = deriveDigestKeys(digestKey)
  return ({ left, right }, fields) =>
    left !== null &&
    right !== null &&
    fields.every((field) => {
      const index = names.indexOf(field)
      return readValue(blob, left, index) === readValue(blob, right, index)
    })
}

/** The fields of a row, in the order of `scanFields`, as texts that are equal where the values are. */
export type ComparableValues = (row: PairedRow) => readonly string[]

export function openComparableValues(digestKey: DigestKey): ComparableValues {
  const { blob } = deriveDigestKeys(digestKey)
  return (row) => splitRowBytes(row.row).map((text) => comparable(blob, row, text))
}

/** A field of a row as a text that is equal where the values are. */
function readValue(key: Uint8Array, row: PairedRow, index: number): string {
  return comparable(key, row, splitRowBytes(row.row)[index] ?? new Uint8Array())
}

function comparable(key: Uint8Array, { large }: PairedRow, bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  const number = parseLargeMarker(text)
  const value = number === undefined ? undefined : large[number]
  if (value === undefined) return text
  if (value.kind === 'stored') return `large ${Buffer.from(value.ref.hash).toString('hex')}`
  const hash = createHmac('sha256', key)
  for (const part of value.parts) hash.update(part)
  return `large ${hash.digest('hex')}`
}
