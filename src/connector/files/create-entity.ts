import type { EntityName } from '#record/entity-name'
import { splitEntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { type CsvDialect, type FileFormat, parseDefinition } from './dialect.ts'
import { TEXT } from './field-type.ts'
import { formatHeader } from './format-record.ts'
import { type ReadEntity, readEntity } from './read-entity.ts'
import type { EntitySettings } from './settings.ts'
import { openSourceFile } from './source-file.ts'
import { TextOutput } from './text-output.ts'
import type { WorkFolder } from './work-folder.ts'
import { type CheckPart, WrittenEntity } from './written-entity.ts'

/**
 * Begins the file of an entity that the folder does not have: one, whatever it was captured from, in
 * the format of the point as far as somebody who reads it will find that out by themselves. What
 * nobody can find out (a null text, no header, other quotes) is as the settings of the target say.
 *
 * @throws connector.create-refused when the name of the entity is none of a file
 */
export async function createEntity(
  schema: SchemaVersion,
  settings: EntitySettings,
  work: WorkFolder,
): Promise<WrittenEntity> {
  const { entity, fields, sourceOrder } = schema
  const ordered = sourceOrder.flatMap((id) => fields.find((field) => field.id === id) ?? [])
  const names = settings.header ?? ordered.map(({ name }) => name)
  const format = adaptFormat(parseDefinition(schema.definition) ?? formatOf(schema), settings)
  const to = `${fileNameOf(entity)}.${format.kind}`
  const output = new TextOutput(await work.create(), format.encoding, to)
  if (format.hasBom) await output.writeBom()
  await output.write(formatHeader(format, names))
  const types = names.map((name) => fields.find((field) => field.name === name)?.type ?? TEXT)
  const nothing = { parts: [], rowCount: 0, key: [], isKeyDeclared: false, otherKeys: [] }
  const read: ReadEntity = { ...nothing, entity, format, names, types }
  const parts = [{ to, format, original: undefined, output }]
  return new WrittenEntity(read, { parts, work, check: checkCreated(read, settings) })
}

/** A file that its reader would take for another one is not left behind. */
function checkCreated({ entity, format, names }: ReadEntity, settings: EntitySettings): CheckPart {
  return async ({ output, to }, rowCount, signal) => {
    assert(output !== undefined, 'What was created was written.')
    const file = await openSourceFile(output.file.path, to)
    try {
      const listed = { entity, kind: format.kind, paths: [to] }
      const found = await readEntity(listed, [file], { ...settings, key: [] }, signal)
      const isSameText =
        found.format.encoding === 'ascii' || found.format.encoding === wideOf(format)
      const isSame = format.kind === 'jsonl' || found.names.join('\0') === names.join('\0')
      if (isSameText && isSame && found.rowCount === rowCount) return
    } finally {
      await file.handle.close()
    }
    const wanted = 'need them declared under `entities` of the target'
    const message = `Cannot write "${to}": found that its encoding or delimiter cannot be told from its text, ${wanted}`
    throw new AppError('connector.value-refused', message, { entity })
  }
}

function wideOf({ encoding }: FileFormat) {
  return encoding === 'ascii' ? 'utf-8' : encoding
}

function adaptFormat(format: FileFormat, settings: EntitySettings): FileFormat {
  const encoding = settings.encoding ?? wideOf(format)
  // A target that is not told reads Latin-1 as its superset.
  const told = encoding === 'latin1' && settings.encoding === undefined ? 'windows-1252' : encoding
  const hasBom = format.hasBom || told === 'utf-16le' || told === 'utf-16be'
  const common = { encoding: told, hasBom: hasBom && told.startsWith('utf-'), isClosed: true }
  if (format.kind === 'jsonl') return { ...format, ...common }
  return { ...format, ...common, dialect: adaptDialect(format.dialect, settings) }
}

function adaptDialect(dialect: CsvDialect, settings: EntitySettings): CsvDialect {
  return {
    delimiter: settings.delimiter ?? dialect.delimiter,
    quote: settings.quote ?? '"',
    escaping: settings.escape ?? 'double',
    newline: dialect.newline,
    isAllQuoted: dialect.isAllQuoted,
    nullText: settings.nullText ?? '',
    hasHeader: settings.header === undefined,
  }
}

/** Of an entity that was not captured from files. */
function formatOf({ fields }: SchemaVersion): FileFormat {
  const bytes = { encoding: 'utf-8', hasBom: false, isClosed: true } as const
  if (fields.some(({ type }) => type !== TEXT)) return { ...bytes, kind: 'jsonl', newline: '\n' }
  const dialect: CsvDialect = {
    ...{ delimiter: ',', quote: '"', escaping: 'double', newline: '\n' },
    ...{ isAllQuoted: false, nullText: '', hasHeader: true },
  }
  return { ...bytes, kind: 'csv', dialect }
}

function fileNameOf(entity: EntityName): string {
  const [name = '', ...more] = splitEntityName(entity)
  if (more.length === 0 && !/[/\\\0]/.test(name) && !name.startsWith('.')) return name
  const message = `Cannot create "${entity}": found a name that no file can have here`
  throw new AppError('connector.create-refused', message, { entity })
}
