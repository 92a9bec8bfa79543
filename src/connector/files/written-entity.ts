import { unlink } from 'node:fs/promises'
import type { EntityName } from '#record/entity-name'
import { parseField } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { FileFormat } from './dialect.ts'
import { type FieldType, parseFieldType } from './field-type.ts'
import { openRecordFormat } from './format-record.ts'
import type { Part, ReadEntity } from './read-entity.ts'
import { openSourceFile, readBlocks } from './source-file.ts'
import { TextOutput } from './text-output.ts'
import type { WorkFolder } from './work-folder.ts'

/** One file of an entity as a write has it so far. */
export type WrittenPart = {
  /** Where it is to be, below the folder. */
  readonly to: string
  readonly format: FileFormat
  /** The file that stays in its place unless something is done to it; `undefined`: a new one. */
  readonly original: Part | undefined
  /** What takes its place. */
  output: TextOutput | undefined
}

/** What is opened for as long as somebody reads. */
export type Reopened = ReadEntity & AsyncDisposable

/** Looks at a file that was made, before it takes its place. @throws connector.value-refused */
export type CheckPart = (part: WrittenPart, rowCount: number, signal: AbortSignal) => Promise<void>

/** The files of one entity while a write changes them: originals, or what takes their places. */
export class WrittenEntity implements AsyncDisposable {
  readonly entity: EntityName
  readonly parts: readonly WrittenPart[]
  readonly work: WorkFolder
  readonly #names: string[]
  readonly #types: FieldType[]
  readonly #read: ReadEntity
  readonly #check: CheckPart | undefined
  #rowCount = 0

  constructor(
    read: ReadEntity,
    { check, parts, work }: { check?: CheckPart; parts: readonly WrittenPart[]; work: WorkFolder },
  ) {
    this.entity = read.entity
    this.parts = parts
    this.work = work
    this.#read = read
    this.#check = check
    this.#names = [...read.names]
    this.#types = read.types.map((type) => parseFieldType(type) ?? 'string')
  }

  get names(): readonly string[] {
    return this.#names
  }

  /** Under which the files' own values are read. */
  get types(): readonly FieldType[] {
    return this.#types
  }

  /** Records of JSON Lines may have fields that none had before. */
  addNames(names: readonly string[]): void {
    if (this.#read.format.kind === 'csv') return
    for (const name of names) {
      if (this.#names.includes(name)) continue
      this.#names.push(name)
      this.#types.push('json')
    }
  }

  /** Adds a record at the end of the last file. Fields that are not given are null. */
  async append(
    fields: readonly string[],
    types: readonly FieldType[],
    { signal, values }: { values: readonly string[]; signal: AbortSignal },
  ): Promise<void> {
    const part = this.parts.at(-1)
    assert(part !== undefined, 'An entity has a file.')
    part.output ??= await this.#copyOriginal(part, signal)
    const format = openRecordFormat(part.format, this.entity, this.columnsWith(fields, types))
    const valueByName = new Map(fields.map((name, i) => [name, parseField(values[i] ?? '')]))
    const row = this.#names.map((name) => valueByName.get(name) ?? null)
    const open = part.output.isLineOpen ? newlineOf(part.format) : ''
    await part.output.write(open + format(row))
    this.#rowCount += 1
  }

  /** All columns, those of `fields` with the types under which their values are given. */
  columnsWith(fields: readonly string[], types: readonly FieldType[]) {
    return this.#names.map((name, i) => {
      const given = types[fields.indexOf(name)]
      // What is not given is not there, where a record may lack a field.
      const own = this.#types[i] ?? 'json'
      return { name, type: given ?? own }
    })
  }

  /** The entity as it is so far, for reading. */
  async reopen(signal: AbortSignal): Promise<Reopened> {
    signal.throwIfAborted()
    await using stack = new AsyncDisposableStack()
    const parts: Part[] = []
    for (const { format, original, output, to } of this.parts) {
      if (output === undefined) {
        if (original !== undefined) parts.push(original)
        continue
      }
      await output.flush()
      const file = await openSourceFile(output.file.path, to)
      stack.defer(() => file.handle.close())
      const { hasBom } = format
      const encoding = format.encoding === 'ascii' ? 'utf-8' : format.encoding
      parts.push({ format, examined: { file, encoding, hasBom, sha256: undefined } })
    }
    const kept = stack.move()
    const { names, types } = this
    return { ...this.#read, names, types, parts, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  /** Makes what is new durable and says where it goes. */
  async finish(signal: AbortSignal): Promise<{ readonly path: string; readonly to: string }[]> {
    const moves = []
    for (const part of this.parts) {
      const { original, output, to } = part
      if (output === undefined) continue
      const { handle, path } = output.file
      if (original !== undefined) await handle.chmod(await modeOf(original))
      await output.sync()
      await this.#check?.(part, this.#rowCount, signal)
      moves.push({ path, to })
    }
    return moves
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { output } of this.parts) await output?.file.handle.close()
  }

  async #copyOriginal(
    { format, original, to }: WrittenPart,
    signal: AbortSignal,
  ): Promise<TextOutput> {
    const file = await this.work.create()
    const output = new TextOutput(file, format.encoding, to)
    if (original === undefined) return output
    const { file: source, sha256 } = original.examined
    for await (const { bytes } of readBlocks(source, signal, sha256)) {
      await file.handle.writeFile(bytes)
    }
    const isEmpty = original.examined.file.stamp.sizeBytes === 0
    if (!format.isClosed && !isEmpty) await output.write(newlineOf(format))
    return output
  }
}

/** An entity that the folder has. */
export function takeOver(read: ReadEntity, work: WorkFolder): WrittenEntity {
  const parts = read.parts.map((part) => ({
    to: part.examined.file.label,
    format: part.format,
    original: part,
    output: undefined,
  }))
  return new WrittenEntity(read, { parts, work })
}

/** The types under which values of `fields` are given: those of the schema, where there is one. */
export function typeFields(
  written: WrittenEntity,
  schema: SchemaVersion | undefined,
  fields: readonly string[],
): FieldType[] {
  written.addNames(fields)
  return fields.map((name) => {
    const given = schema?.fields.find((field) => field.name === name)?.type
    const type =
      given === undefined ? written.types[written.names.indexOf(name)] : parseFieldType(given)
    if (type !== undefined) return type
    const message = `Cannot write field "${name}" of "${written.entity}": found type ${given}, which no file has`
    throw new AppError('connector.value-refused', message, { entity: written.entity, field: name })
  })
}

export function newlineOf(format: FileFormat): string {
  return format.kind === 'csv' ? format.dialect.newline : format.newline
}

/** Forgets a file that nothing was changed in. */
export async function discard({ file }: TextOutput): Promise<void> {
  await file.handle.close()
  await unlink(file.path)
}

async function modeOf({ examined }: Part): Promise<number> {
  const { mode } = await examined.file.handle.stat()
  return mode & 0o7777
}
