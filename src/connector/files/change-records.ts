import { parseField } from '#record/row-text'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { CellText } from './cell-text.ts'
import type { Cells } from './cells.ts'
import type { FieldType } from './field-type.ts'
import { openRecordFormat } from './format-record.ts'
import type { Part } from './read-entity.ts'
import { readRecords } from './read-records.ts'
import { RowTextBytes } from './row-text-bytes.ts'
import { openPart } from './scan-entity.ts'
import { TextOutput } from './text-output.ts'
import { discard, type WrittenEntity, type WrittenPart } from './written-entity.ts'

const TAB = 0x09

export type RecordChanges = {
  readonly op: 'update' | 'delete'
  /** Empty, for deletes: records that are equal in all fields. */
  readonly key: readonly string[]
  readonly fields: readonly string[]
  /** Of `fields`. */
  readonly types: readonly FieldType[]
  /** Texts of `fields`, escaped, of every record to change. */
  readonly wanted: readonly (readonly string[])[]
}

/** What is to be done to the records of one key, and how often that was done. */
type Wanted = { readonly values: readonly string[]; readonly times: number; found: number }

/**
 * Passes over all records of an entity once and writes its files anew where one is changed.
 *
 * @throws connector.target-changed when a record is not found exactly as often as it is wanted
 */
export async function changeRecords(
  written: WrittenEntity,
  changes: RecordChanges,
  signal: AbortSignal,
): Promise<void> {
  const wantedByKey = gather(changes)
  await using current = await written.reopen(signal)
  for (const [i, part] of current.parts.entries()) {
    const place = written.parts[i]
    assert(place !== undefined, 'A part is read where it is written.')
    await changePart({ written, changes, wantedByKey, place }, part, signal)
  }
  for (const { found, times } of wantedByKey.values()) {
    if (found !== times) throw notFound(written, changes, found, times)
  }
}

function gather({ fields, key, wanted }: RecordChanges): Map<string, Wanted> {
  const indexes = (key.length > 0 ? key : fields).map((name) => fields.indexOf(name))
  const wantedByKey = new Map<string, Wanted>()
  for (const values of wanted) {
    const text = indexes.map((i) => `${values[i]}\t`).join('')
    const times = (wantedByKey.get(text)?.times ?? 0) + 1
    wantedByKey.set(text, { values, times, found: 0 })
  }
  return wantedByKey
}

type Pass = {
  readonly written: WrittenEntity
  readonly changes: RecordChanges
  readonly wantedByKey: ReadonlyMap<string, Wanted>
  readonly place: WrittenPart
}

async function changePart(pass: Pass, part: Part, signal: AbortSignal): Promise<void> {
  const { changes, place, wantedByKey, written } = pass
  const { fields, key, types } = changes
  const columns = written.columnsWith(fields, types)
  const given = columns.map(({ type }) => type)
  const { hasHeader, splitter, text } = openPart(part, written, given)
  const own = openPart(part, written, written.types).text
  const keyColumns = (key.length > 0 ? key : fields).map((name) => written.names.indexOf(name))
  const toText = openRecordFormat(part.format, written.entity, columns)
  const output = new TextOutput(await written.work.create(), part.format.encoding, place.to)
  if (part.format.hasBom) await output.writeBom()
  let isChanged = false
  for await (const { cells, from } of readRecords(part.examined, splitter, { hasHeader, signal })) {
    let copiedTo = cells.rowStarts[0] ?? 0
    for (let row = from; row < cells.rowCount; row++) {
      const wanted = wantedByKey.get(readKey({ cells, text }, row, keyColumns))
      if (wanted === undefined || isDone(wanted, changes)) continue
      wanted.found += 1
      isChanged = true
      const start = cells.rowStarts[row] ?? 0
      await output.write(textOf(cells.bytes, copiedTo, start))
      copiedTo = cells.rowEnds[row] ?? start
      if (changes.op === 'delete') continue
      const before = readValues({ cells, text: own }, row, written.names.length)
      await output.write(toText(merge(written.names, before, fields, wanted.values)))
    }
    const end = cells.rowEnds[cells.rowCount - 1] ?? copiedTo
    await output.write(textOf(cells.bytes, copiedTo, end))
  }
  if (!isChanged) return await discard(output)
  if (place.output !== undefined) await discard(place.output)
  place.output = output
}

/** Of equal records only as many are deleted as were asked for; a key that is there twice is wrong. */
function isDone({ found, times }: Wanted, { key }: RecordChanges): boolean {
  return key.length === 0 && found === times
}

type Reading = { readonly cells: Cells; readonly text: CellText }

function readKey({ cells, text }: Reading, row: number, columns: readonly number[]): string {
  const out = new RowTextBytes(256)
  for (const column of columns) {
    text.append(out, cells, row * cells.columnCount + column, column)
    out.push(TAB)
  }
  return textOf(out.bytes, 0, out.length)
}

function readValues({ cells, text }: Reading, row: number, count: number): (string | null)[] {
  return Array.from({ length: count }, (_, column) => {
    const out = new RowTextBytes(256)
    text.append(out, cells, row * cells.columnCount + column, column)
    return parseField(textOf(out.bytes, 0, out.length))
  })
}

function merge(
  names: readonly string[],
  before: readonly (string | null)[],
  fields: readonly string[],
  values: readonly string[],
): (string | null)[] {
  return names.map((name, i) => {
    const given = fields.indexOf(name)
    return given < 0 ? (before[i] ?? null) : parseField(values[given] ?? '')
  })
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
}

function notFound(
  { entity }: WrittenEntity,
  { op }: RecordChanges,
  found: number,
  wanted: number,
): AppError {
  const message = `Cannot ${op} a record of "${entity}": found ${found} like it, need ${wanted}`
  return new AppError('connector.target-changed', message, { entity })
}
