import { type EntityName, parseEntityName } from '#record/entity-name'
import type { EncodingName } from './encoding.ts'

/** What the configuration says of a folder of files, beside where it is. */
export type FilesSettings = {
  /** The least share of the rows of the capture before that an entity may have without a question. */
  readonly rowsKeptMin: number
  /** By name of the entity, as addresses print it. */
  readonly entities: Readonly<Record<string, EntitySettings>>
}

/** What is declared of one entity; what is not is found in its files. */
export type EntitySettings = {
  /** Names of the fields that identify a record; empty: nothing does. */
  readonly key?: readonly string[] | undefined
  readonly encoding?: EncodingName | undefined
  readonly delimiter?: string | undefined
  readonly quote?: '"' | "'" | 'none' | undefined
  readonly escape?: 'double' | 'backslash' | undefined
  /** Names of the fields of files that have no header line. */
  readonly header?: readonly string[] | undefined
  /** The text outside quotes that is null; `false`: no text is. */
  readonly nullText?: string | false | undefined
  readonly rowsKeptMin?: number | undefined
}

export const NO_SETTINGS: FilesSettings = { rowsKeptMin: 0.5, entities: {} }

/** What is declared of an entity, however its name is written. @throws record.entity-invalid */
export function settingsOf({ entities }: FilesSettings, entity: EntityName): EntitySettings {
  const found = Object.entries(entities).find(([name]) => parseEntityName(name) === entity)
  return found?.[1] ?? {}
}
