import type { PairedRow, RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { splitRowBytes } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { type Need, textsOf, wantedOf } from './needed-records.ts'

/** References that are emptied, because what they name is not there. */
export type EmptiedReference = Pick<Need, 'entity' | 'fields' | 'none' | 'when'> & {
  /** What they name, escaped texts joined by tabs. */
  readonly named: ReadonlySet<string>
  /** Of `fields`, those that may be empty. */
  readonly empties: readonly string[]
}

/** What is written of a record whose references are emptied. */
export type EmptiedWrite = {
  readonly pair: RecordPair
  /** `null`: all of them. */
  readonly fields: readonly string[] | null
  /** Fields that are not as the point has them. */
  readonly emptied: readonly string[]
}

/**
 * A row that is inserted gets null where it names what is not there; one that is updated keeps what the
 * target has in these fields, which does name something. Pure.
 */
export function emptyReferences(
  schema: SchemaVersion,
  references: readonly EmptiedReference[],
  { fields, pair }: Omit<EmptiedWrite, 'emptied'>,
): EmptiedWrite {
  const { left, right } = pair
  const own = references.filter(({ entity }) => entity === schema.entity)
  if (left === null || own.length === 0) return { pair, fields, emptied: [] }
  const texts = textsOf(schema, left)
  const hit = own.filter((one) => one.named.has(wantedOf(one, texts) ?? ''))
  if (hit.length === 0) return { pair, fields, emptied: [] }
  if (right === null) {
    const emptied = [...new Set(hit.flatMap(({ empties }) => empties))]
    return { pair: { ...pair, left: emptyFields(schema, left, emptied) }, fields, emptied }
  }
  const emptied = [...new Set(hit.flatMap((one) => one.fields))]
  const written = (fields ?? scanFields(schema)).filter((field) => !emptied.includes(field))
  return { pair, fields: written, emptied }
}

function emptyFields(schema: SchemaVersion, row: PairedRow, emptied: readonly string[]): PairedRow {
  const names = scanFields(schema)
  const parts = splitRowBytes(row.row).map((part, i) =>
    emptied.includes(names[i] ?? '') ? NULL_TEXT : part,
  )
  const pieces = parts.flatMap((part, i) => (i === 0 ? [part] : [TAB, part]))
  return { ...row, row: Buffer.concat([...pieces, NEWLINE]) }
}

const NULL_TEXT = Buffer.from('\\N')
const TAB = Buffer.from('\t')
const NEWLINE = Buffer.from('\n')
