import type { EntityName } from '#record/entity-name'
import type { DescribedField, DescribedKey } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { type CellText, openCsvText, openJsonText, parseString } from './cell-text.ts'
import { CELL, type Cells, type Splitter } from './cells.ts'
import { detectDialect, findNewline } from './detect-dialect.ts'
import type { FileFormat } from './dialect.ts'
import { type ExaminedFile, examineFile } from './examine-file.ts'
import { type FieldType, TEXT, typeOf } from './field-type.ts'
import { invalidFile } from './file-failure.ts'
import { type KeyCandidate, KeySearch } from './find-key.ts'
import type { EntityFiles } from './list-files.ts'
import { readRecords, type TextFile } from './read-records.ts'
import type { EntitySettings } from './settings.ts'
import type { SourceFile } from './source-file.ts'
import { CsvSplitter } from './split-csv.ts'
import { JsonLinesSplitter } from './split-json-lines.ts'

/** A file that was understood. */
export type Part = { readonly examined: TextFile; readonly format: FileFormat }

/** An entity whose files were all read once. */
export type ReadEntity = {
  readonly entity: EntityName
  readonly parts: readonly Part[]
  /** Of the first part. */
  readonly format: FileFormat
  readonly names: readonly string[]
  readonly types: readonly string[]
  readonly rowCount: number
  readonly key: readonly string[]
  readonly isKeyDeclared: boolean
  /** What else could identify a record. */
  readonly otherKeys: readonly KeyCandidate[]
}

/**
 * Reads all files of an entity to their ends: what they are, how many records they hold, and what
 * identifies a record. Keeps nothing of the records.
 *
 * @throws connector.file-invalid | connector.file-truncated | connector.scan-failed
 * @throws connector.key-invalid when the declared key identifies nothing
 */
export async function readEntity(
  { entity, kind }: EntityFiles,
  files: readonly SourceFile[],
  settings: EntitySettings,
  signal: AbortSignal,
): Promise<ReadEntity> {
  const survey = kind === 'csv' ? new CsvSurvey(settings) : new JsonSurvey(settings)
  const parts: Part[] = []
  for (const file of files) {
    const examined = await examineFile(file, settings.encoding, signal)
    const opened = survey.open(examined)
    const reading = readRecords(examined, opened.splitter, { ...opened, signal })
    for await (const { cells, from } of reading) {
      survey.look(cells, from, opened)
    }
    parts.push({ examined, format: opened.format })
  }
  const { names, rowCount, search, types } = survey
  refuseBadKey(entity, { names, search, settings })
  const candidates = search?.conclude(entity) ?? []
  const [likely] = candidates
  const found = likely?.isTelling === true ? likely.fields : []
  const key = names.length === 0 ? [] : (settings.key ?? found)
  const otherKeys = candidates.filter(({ fields }) => fields !== key)
  const [first] = parts
  if (first === undefined) throw invalidFile(entity, 'no file')
  return {
    ...{ entity, parts, names, types, rowCount, key, otherKeys },
    format: first.format,
    isKeyDeclared: settings.key !== undefined,
  }
}

/** The fields as a catalogue describes them. */
export function describeFields({ key, names, types }: ReadEntity): DescribedField[] {
  return names.map((name, i) => {
    const isKey = key.includes(name)
    // A field that is new was not in any record before, which reads as its being null.
    const missing = isKey ? null : '\\N'
    return { name, type: types[i] ?? TEXT, isNullable: !isKey, sourceId: null, missing }
  })
}

export function describeKey({ key }: ReadEntity): DescribedKey | null {
  return key.length === 0 ? null : { fields: key, encodings: key.map(() => 'text' as const) }
}

type OpenedPart = {
  readonly splitter: Splitter
  readonly text: CellText
  readonly format: FileFormat
  readonly hasHeader: boolean
}

/** What is learnt of the records while they go by. */
class CsvSurvey {
  names: readonly string[] = []
  types: readonly string[] = []
  rowCount = 0
  search: KeySearch | undefined
  readonly #settings: EntitySettings

  constructor(settings: EntitySettings) {
    this.#settings = settings
  }

  open(examined: ExaminedFile): OpenedPart {
    const { label } = examined.file
    const { dialect, names } = detectDialect(examined, this.#settings)
    if (this.search === undefined) {
      this.names = names
      this.types = names.map(() => TEXT)
      this.search = new KeySearch(names, this.#settings.key)
    } else if (names.join('\0') !== this.names.join('\0')) {
      throw invalidFile(label, 'another header than in the first part')
    }
    const { hasHeader } = dialect
    const format: FileFormat = { ...bytesOf(examined), kind: 'csv', dialect }
    const splitter = new CsvSplitter(dialect, names.length, label)
    splitter.recordsBefore = hasHeader ? -1 : 0
    return { splitter, text: openCsvText(dialect), format, hasHeader }
  }

  look(cells: Cells, from: number, { splitter, text }: OpenedPart): void {
    this.search?.look(cells, from, text, splitter.recordsBefore)
    this.rowCount += cells.rowCount - from
  }
}

class JsonSurvey {
  rowCount = 0
  search: KeySearch | undefined
  readonly #settings: EntitySettings
  #names: readonly string[] = []
  /** Kinds of cells that were seen, by column. */
  #seen: number[] = []

  constructor(settings: EntitySettings) {
    this.#settings = settings
  }

  get names(): readonly string[] {
    return this.#names
  }

  get types(): readonly FieldType[] {
    return this.#names.map((_, column) => typeOf(this.#seen[column] ?? 0))
  }

  open(examined: ExaminedFile): OpenedPart {
    const { encoding, file, sample } = examined
    if (encoding === 'windows-1252' || encoding === 'latin1') {
      throw invalidFile(file.label, 'bytes that are no UTF-8, which JSON is written in')
    }
    const newline = findNewline(sample) === '\r\n' ? '\r\n' : '\n'
    const format: FileFormat = { ...bytesOf(examined), kind: 'jsonl', newline }
    const splitter = new JsonLinesSplitter(this.#names, false, file.label)
    return { splitter, text: openJsonText([], () => ''), format, hasHeader: false }
  }

  look(cells: Cells, from: number, { splitter, text }: OpenedPart): void {
    if (splitter instanceof JsonLinesSplitter) this.#learnNames(splitter.fields)
    for (let cell = 0; cell < cells.rowCount * cells.columnCount; cell++) {
      const column = cell % cells.columnCount
      this.#seen[column] = (this.#seen[column] ?? 0) | (1 << judgeKind(cells, cell))
    }
    // The splitter may know fields already that come up in the next record.
    for (let column = cells.columnCount; column < this.#names.length; column++) {
      this.#seen[column] = (this.#seen[column] ?? 0) | (1 << CELL.absent)
    }
    this.search ??= new KeySearch(this.#names, this.#settings.key)
    this.search.look(cells, from, text, splitter.recordsBefore)
    this.rowCount += cells.rowCount
  }

  /** Records before were without a field that comes up now. */
  #learnNames(fields: readonly string[]): void {
    if (fields.length === this.#names.length) return
    const absent = this.rowCount > 0 ? 1 << CELL.absent : 0
    for (let column = this.#names.length; column < fields.length; column++) {
      this.#seen[column] = absent
    }
    this.#names = [...fields]
  }
}

/** A string of half characters has no text but its JSON. */
function judgeKind(cells: Cells, cell: number): number {
  const kind = cells.kinds[cell] ?? CELL.absent
  if (kind !== CELL.stringUnicode) return kind
  return parseString(cells, cell).isWellFormed() ? kind : CELL.nested
}

function bytesOf({ encoding, hasBom, isClosed }: ExaminedFile) {
  return { encoding, hasBom, isClosed }
}

function refuseBadKey(
  entity: EntityName,
  {
    names,
    search,
    settings,
  }: {
    readonly names: readonly string[]
    readonly search: KeySearch | undefined
    readonly settings: EntitySettings
  },
): void {
  const missing = settings.key?.find((name) => !names.includes(name))
  const broken = search?.broken
  const found =
    missing !== undefined && (names.length > 0 || search !== undefined)
      ? `no field "${missing}"`
      : broken === undefined
        ? undefined
        : `${broken.isNull ? 'it null' : 'its value a second time'} in record ${broken.record}`
  if (found === undefined) return
  const key = settings.key?.join(', ')
  const message = `Cannot use key ${key} of "${entity}": found ${found}`
  throw new AppError('connector.key-invalid', message, { entity })
}
