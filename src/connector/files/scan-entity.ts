import { setImmediate } from 'node:timers/promises'
import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Pace } from '../pace.ts'
import { type CellText, openCsvText, openJsonText } from './cell-text.ts'
import type { Cells, Splitter } from './cells.ts'
import { type FieldType, parseFieldType } from './field-type.ts'
import type { Part, ReadEntity } from './read-entity.ts'
import { readRecords } from './read-records.ts'
import { RowTextBytes } from './row-text-bytes.ts'
import { CsvSplitter } from './split-csv.ts'
import { JsonLinesSplitter } from './split-json-lines.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const PART_BYTES = 262_144
/** A field that no record has. */
const NOT_THERE = -1

/**
 * Streams the records of an entity, part after part, in the order of the files. Yields to other work
 * after every batch; holds one batch and what `readRecords` holds.
 *
 * @throws connector.scan-failed when a file is not what it was when it was read first
 * @throws connector.value-refused when a value has no text of the type that is asked for
 */
export async function* scanEntity(
  read: ReadEntity,
  {
    described,
    fields,
    pace,
  }: { described: DescribedEntity; fields: readonly string[]; pace: Pace },
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const columns = findColumns(read, described, fields)
  const types = typesOf(read, described)
  const batches = new Batches()
  for (const part of read.parts) {
    const opened = openPart(part, read, types)
    for await (const { cells, from } of readRecords(part.examined, opened.splitter, {
      hasHeader: opened.hasHeader,
      signal,
    })) {
      for (const batch of batches.add({ cells, columns, from, text: opened.text })) {
        await pace.spend(sizeOf(batch), signal)
        await setImmediate()
        signal.throwIfAborted()
        yield batch
      }
    }
  }
  for (const batch of batches.rest()) {
    await pace.spend(sizeOf(batch), signal)
    signal.throwIfAborted()
    yield batch
  }
}

/** How the records of a part are split and printed. */
export function openPart(
  { examined, format }: Part,
  { entity, names }: Pick<ReadEntity, 'entity' | 'names'>,
  types: readonly FieldType[],
): { readonly splitter: Splitter; readonly text: CellText; readonly hasHeader: boolean } {
  const { label } = examined.file
  if (format.kind === 'jsonl') {
    const text = openJsonText(types, (column) => `field "${names[column]}" of "${entity}"`)
    return { splitter: new JsonLinesSplitter(names, true, label), text, hasHeader: false }
  }
  const { dialect } = format
  const splitter = new CsvSplitter(dialect, names.length, label)
  const { hasHeader } = dialect
  splitter.recordsBefore = hasHeader ? -1 : 0
  return { splitter, text: openCsvText(dialect), hasHeader }
}

function findColumns(
  { entity, format, names, rowCount }: ReadEntity,
  described: DescribedEntity,
  fields: readonly string[],
): number[] {
  return fields.map((field) => {
    const column = names.indexOf(field)
    if (column >= 0 && described.entity === entity) return column
    const type = described.fields.find(({ name }) => name === field)?.type ?? ''
    const mayLack = rowCount === 0 || type === 'json' || type.endsWith('?')
    if (format.kind === 'jsonl' && mayLack) return NOT_THERE
    const message = `Cannot scan "${described.entity}": found no field "${field}"`
    throw new AppError('connector.scan-failed', message, { entity })
  })
}

/** The types of all columns as whoever asks wants them printed. */
function typesOf({ entity, format, names, types }: ReadEntity, described: DescribedEntity) {
  return names.map((name, column) => {
    const wanted = described.fields.find((field) => field.name === name)?.type
    const type = parseFieldType(wanted ?? types[column] ?? '')
    if (type !== undefined && (format.kind === 'jsonl' || type !== 'json')) return type
    const message = `Cannot scan field "${name}" of "${entity}": found ${types[column]}, need ${wanted}`
    throw new AppError('connector.value-refused', message, { entity, field: name })
  })
}

type Records = {
  readonly cells: Cells
  readonly columns: readonly number[]
  readonly from: number
  readonly text: CellText
}

/** Gathers rows to batches of the size of a block. */
class Batches {
  readonly #out = new RowTextBytes()

  /** The tab after the last field becomes the end of the row. */
  #endRow(columnCount: number): void {
    if (columnCount > 0) this.#out.length -= 1
    this.#out.push(NEWLINE)
  }

  *add({ cells, columns, from, text }: Records): Generator<RowBatch, void, undefined> {
    const out = this.#out
    for (let row = from; row < cells.rowCount; row++) {
      const start = out.length
      const first = row * cells.columnCount
      for (const column of columns) {
        if (column === NOT_THERE) out.pushNull()
        else text.append(out, cells, first + column, column)
        out.push(TAB)
      }
      this.#endRow(columns.length)
      if (out.length - start > LARGE_ROW_BYTES) yield* this.#takeLarge(start)
      else if (out.length >= BLOCK_BYTES) yield* this.rest()
    }
  }

  *rest(): Generator<RowBatch, void, undefined> {
    if (this.#out.length === 0) return
    const bytes = this.#out.slice()
    this.#out.length = 0
    yield { kind: 'rows', bytes }
  }

  *#takeLarge(start: number): Generator<RowBatch, void, undefined> {
    const out = this.#out
    const parts: Uint8Array<ArrayBuffer>[] = []
    for (let at = start; at < out.length; at += PART_BYTES) {
      parts.push(out.bytes.slice(at, Math.min(at + PART_BYTES, out.length)))
    }
    out.length = start
    yield* this.rest()
    yield { kind: 'large', parts }
  }
}

function sizeOf(batch: RowBatch): number {
  const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
  return parts.reduce((size, part) => size + part.length, 0)
}
