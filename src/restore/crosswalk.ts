import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import { formatRow, parseRow } from '#record/row-text'
import { AppError, isAppError } from '#stdx/app-error'

/**
 * What records of a source are called in one target that gave them keys of its own:
 *
 * ```
 * crosswalk = head LF *line
 * head      = {"format":"holdfast crosswalk 1","lines":N}, JSON
 * line      = source TAB entity TAB key TAB target entity TAB target key LF
 * ```
 *
 * A line is canonical row text (`record/row-text.ts`), its keys are addresses. It is kept, sealed,
 * with the beginning of the restore that wrote the record, and is worth what that restore came to.
 */
const FORMAT = 'holdfast crosswalk 1'
const LINE_BYTES_MAX = 1_048_576
const PIECE_LINES = 4_096

/** More records of one source in one target are a migration in several restores. */
export const CROSSWALK_LINES_MAX = 1_000_000

const headSchema = z.strictObject({ format: z.literal(FORMAT), lines: z.int().min(0) })

/** One record of a source and what it is called in a target. Keys are addresses (`formatKeyAddress`). */
export type CrosswalkLine = {
  readonly source: string
  readonly entity: EntityName
  readonly key: string
  readonly targetEntity: EntityName
  readonly targetKey: string
}

/** What a restore adds to the crosswalk of its target, kept when it begins. */
export type NewCrosswalk = {
  readonly lines: readonly CrosswalkLine[]
  /** Ids of earlier restores that were interrupted, and whose rows are in the target. */
  readonly written: readonly string[]
  /** Ids of earlier ones that were interrupted, and of whose rows nothing is there. */
  readonly gone: readonly string[]
}

/** What is known of one target: every record of sources that it has under a key of its own. */
export class Crosswalk {
  readonly #byRecord = new Map<string, CrosswalkLine[]>()
  /** What each record of the target is, by its source and key. */
  readonly #byTarget = new Map<string, CrosswalkLine>()
  #count = 0

  /**
   * A later line about a record and an entity of the target counts in the place of an earlier one, and so
   * does one about a record of the target: no two records are one there.
   */
  constructor(lines: Iterable<CrosswalkLine> = []) {
    for (const line of lines) this.#add(line)
  }

  get count(): number {
    return this.#count
  }

  /** All that a record became; a migration may put it into several entities. */
  findAll(record: SourceRecord): readonly CrosswalkLine[] {
    return this.#byRecord.get(nameOf(record)) ?? []
  }

  /** What a record became in an entity of the target. */
  find(record: SourceRecord, targetEntity: EntityName): CrosswalkLine | undefined {
    return this.findAll(record).find((line) => line.targetEntity === targetEntity)
  }

  *lines(): Generator<CrosswalkLine, void, undefined> {
    for (const lines of this.#byRecord.values()) yield* lines
  }

  #add(line: CrosswalkLine): void {
    const before = this.find(line, line.targetEntity)
    if (before !== undefined) this.#remove(before)
    const other = this.#byTarget.get(targetOf(line))
    if (other !== undefined) this.#remove(other)
    this.#byRecord.set(nameOf(line), [...this.findAll(line), line])
    this.#byTarget.set(targetOf(line), line)
    this.#count += 1
  }

  #remove(line: CrosswalkLine): void {
    const left = this.findAll(line).filter((one) => one !== line)
    this.#byRecord.set(nameOf(line), left)
    this.#byTarget.delete(targetOf(line))
    this.#count -= 1
  }
}

export type SourceRecord = Pick<CrosswalkLine, 'entity' | 'key' | 'source'>

/** The text of a crosswalk in pieces. */
export async function* formatCrosswalk(
  lines: readonly CrosswalkLine[],
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(`${JSON.stringify({ format: FORMAT, lines: lines.length })}\n`)
  for (let at = 0; at < lines.length; at += PIECE_LINES) {
    const some = lines.slice(at, at + PIECE_LINES)
    yield Buffer.from(some.map(formatLine).join(''))
  }
}

/**
 * Reads a crosswalk that was cut into pieces anywhere. Holds one piece, and the lines.
 * @throws restore.crosswalk-invalid
 */
export async function readCrosswalkLines(
  pieces: AsyncIterable<Uint8Array>,
): Promise<readonly CrosswalkLine[]> {
  const lines: CrosswalkLine[] = []
  let wanted: number | undefined
  for await (const text of splitLines(pieces)) {
    if (wanted === undefined) wanted = parseHead(text)
    else lines.push(parseLine(text))
  }
  if (wanted === undefined) throw invalid('it is empty')
  if (wanted !== lines.length)
    throw invalid(`it holds ${lines.length} lines, ${wanted} were written`)
  return lines
}

function formatLine({ entity, key, source, targetEntity, targetKey }: CrosswalkLine): string {
  return formatRow([source, entity, key, targetEntity, targetKey])
}

function parseLine(text: string): CrosswalkLine {
  const [source, entity, key, targetEntity, targetKey, ...more] = parseFields(text)
  const isWhole = [source, entity, key, targetEntity, targetKey].every((one) => one != null)
  if (!isWhole || more.length > 0) throw invalid('a line has not five values')
  return {
    source: source ?? '',
    entity: (entity ?? '') as EntityName,
    key: key ?? '',
    targetEntity: (targetEntity ?? '') as EntityName,
    targetKey: targetKey ?? '',
  }
}

function parseFields(text: string): (string | null)[] {
  try {
    return parseRow(text)
  } catch (cause) {
    if (!isAppError(cause)) throw cause
    throw invalid('a line is no row', cause)
  }
}

function parseHead(text: string): number {
  try {
    return headSchema.parse(JSON.parse(text)).lines
  } catch (cause) {
    throw invalid('its head is none', cause)
  }
}

/** Each with its newline. */
async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let held = ''
  for await (const piece of pieces) {
    held += decode(() => decoder.decode(piece, { stream: true }))
    const lines = held.split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) yield `${line}\n`
    if (held.length > LINE_BYTES_MAX) throw invalid('a line is too long')
  }
  held += decode(() => decoder.decode())
  if (held.length > 0) throw invalid('its last line has no end')
}

function decode(call: () => string): string {
  try {
    return call()
  } catch (cause) {
    throw invalid('it is not UTF-8', cause)
  }
}

function nameOf({ entity, key, source }: SourceRecord): string {
  return formatRow([source, entity, key])
}

function targetOf({ source, targetEntity, targetKey }: CrosswalkLine): string {
  return formatRow([source, targetEntity, targetKey])
}

function invalid(found: string, cause?: unknown): AppError {
  const message = `Cannot read the crosswalk of a restore: ${found}`
  return new AppError('restore.crosswalk-invalid', message, undefined, { cause })
}
