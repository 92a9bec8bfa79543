import type { Doubt, EntityBefore } from '../connector.ts'
import { type CsvDialect, parseDefinition } from './dialect.ts'
import type { EncodingName } from './encoding.ts'
import type { ReadEntity } from './read-entity.ts'
import { type FilesSettings, settingsOf } from './settings.ts'

/**
 * What about the files of an entity does not follow from the capture before, as an export that went
 * wrong would not. Pure. A file cannot say that its records were deleted: it is only not there, or
 * short, and so a person has to.
 *
 * @param now `undefined`: there is no such file any more
 */
export function findDoubts(
  { rows, schema }: EntityBefore,
  now: ReadEntity | undefined,
  settings: FilesSettings,
): Doubt[] {
  const { entity } = schema
  if (now === undefined) return [{ entity, found: `its file is gone, it held ${rows} records` }]
  const share = settingsOf(settings, entity).rowsKeptMin ?? settings.rowsKeptMin
  const found = [
    now.rowCount < rows * share ? `${now.rowCount} records, there were ${rows}` : undefined,
    judgeFields(schema, now),
    judgeEnd(schema, now),
    judgeEncoding(schema, now),
    judgeQuotes(schema, now),
    judgeKey(schema, now),
  ]
  return found.flatMap((one) => (one === undefined ? [] : [{ entity, found: one }]))
}

type Schema = EntityBefore['schema']

function judgeFields({ fields }: Schema, { names }: ReadEntity): string | undefined {
  const gone = fields.filter(({ name }) => !names.includes(name)).map(({ name }) => name)
  if (gone.length === 0) return undefined
  return `no field ${gone.join(', ')} any more, dropped or renamed`
}

function judgeEnd({ definition }: Schema, { format }: ReadEntity): string | undefined {
  const before = parseDefinition(definition)
  if (before?.isClosed !== true || format.isClosed) return undefined
  return 'no line end after its last record, as if the rest were cut off'
}

/** One broken byte would turn every umlaut of a file into two characters. */
function judgeEncoding({ definition }: Schema, { format }: ReadEntity): string | undefined {
  const before = parseDefinition(definition)?.encoding
  if (before === undefined || !isUnicode(before) || format.encoding !== 'windows-1252') return
  return `${format.encoding} text, it was ${before}`
}

/** Values may read otherwise under another way to escape. */
function judgeQuotes({ definition }: Schema, { format }: ReadEntity): string | undefined {
  const before = parseDefinition(definition)
  if (before?.kind !== 'csv' || format.kind !== 'csv') return undefined
  const name = ({ escaping, quote }: CsvDialect) =>
    quote === 'none'
      ? 'no quotes'
      : `quotes ${quote} escaped by ${escaping === 'double' ? 'another' : 'a backslash'}`
  const [was, is] = [name(before.dialect), name(format.dialect)]
  return was === is ? undefined : `${is}, there were ${was}`
}

function isUnicode(encoding: EncodingName): boolean {
  return encoding.startsWith('utf-')
}

/** Another key is another life of all records, which nobody may begin by accident. */
function judgeKey({ fields, key }: Schema, now: ReadEntity): string | undefined {
  if (now.isKeyDeclared) return undefined
  const ids = key.kind === 'digest' ? [] : key.fieldIds
  const before = ids.map((id) => fields.find((field) => field.id === id)?.name ?? '')
  if (before.join('\0') === now.key.join('\0')) return undefined
  const name = (names: readonly string[]) => (names.length === 0 ? 'nothing' : names.join(', '))
  return `records are told apart by ${name(now.key)}, it was ${name(before)}; declare the key`
}
