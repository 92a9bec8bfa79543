import { type Mapping, parseMapping } from '#migrate/parse-mapping'
import { AppError } from '#stdx/app-error'
import { readIfAny } from '#stdx/read-if-any'

/** What a migration follows. */
export type OpenedMapping = {
  readonly mapping: Mapping
  /** What has a say in what is written, for the hash of the plan. */
  toJSON(): string
}

/**
 * Reads a mapping file.
 * @throws app.mapping-unreadable | migrate.file-invalid
 */
export async function openMapping(path: string): Promise<OpenedMapping> {
  const text = await readIfAny(path)
  if (text === undefined) {
    const message = `Cannot read mapping file "${path}": found no file there`
    throw new AppError('app.mapping-unreadable', message, { path })
  }
  const mapping = parseMapping(text, path)
  return { mapping, toJSON: () => mapping.hash }
}
