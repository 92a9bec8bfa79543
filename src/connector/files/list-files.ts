import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type EntityName, formatEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { systemCode, translateFailure } from './file-failure.ts'

/** The files of one entity, not opened yet. */
export type EntityFiles = {
  readonly entity: EntityName
  readonly kind: 'csv' | 'jsonl'
  /** Relative to the folder, in order of name: one, or the parts in the entity's own folder. */
  readonly paths: readonly string[]
}

export type FolderListing = {
  readonly entities: readonly EntityFiles[]
  /** Other files and folders, by name: nothing of them is captured. */
  readonly ignored: readonly string[]
}

const KIND_BY_ENDING = { csv: 'csv', tsv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl' } as const
const ENDING = /\.(csv|tsv|jsonl|ndjson)$/i

/**
 * What a folder holds: `customers.csv` is the entity `customers`, and so are all files of a folder
 * `customers`. Names that begin with a dot are nobody's business.
 *
 * @returns `undefined` when there is no such folder
 * @throws connector.file-invalid when an entity is there twice, or of two kinds
 */
export async function listFiles(folder: string): Promise<FolderListing | undefined> {
  const names = await readNames(folder)
  if (names === undefined) return undefined
  const entities = new Map<EntityName, EntityFiles>()
  const ignored: string[] = []
  for (const { isFolder, name } of names) {
    const files = isFolder ? await listParts(folder, name, ignored) : toEntity(name, [name])
    if (files === undefined) {
      ignored.push(name)
      continue
    }
    const other = entities.get(files.entity)
    if (other !== undefined) throw twice(files, other)
    entities.set(files.entity, files)
  }
  const sorted = [...entities.values()].sort((a, b) => (a.entity < b.entity ? -1 : 1))
  return { entities: sorted, ignored }
}

async function listParts(
  folder: string,
  name: string,
  ignored: string[],
): Promise<EntityFiles | undefined> {
  const below = (await readNames(join(folder, name))) ?? []
  const isPart = (one: Named) => !one.isFolder && kindOf(one.name) !== undefined
  const parts = below.filter(isPart).map((part) => join(name, part.name))
  if (parts.length === 0) return undefined
  ignored.push(...below.filter((one) => !isPart(one)).map((one) => join(name, one.name)))
  const kinds = new Set(parts.map(kindOf))
  if (kinds.size === 1) return toEntity(name, parts)
  const message = `Cannot read folder "${name}": found CSV and JSON Lines, need parts of one kind`
  throw new AppError('connector.file-invalid', message, { folder: name })
}

function toEntity(name: string, paths: readonly string[]): EntityFiles | undefined {
  const kind = kindOf(paths[0] ?? '')
  if (kind === undefined) return undefined
  const bare = paths[0] === name ? name.replace(ENDING, '') : name
  return bare === '' ? undefined : { entity: formatEntityName([bare]), kind, paths }
}

function kindOf(path: string): EntityFiles['kind'] | undefined {
  const ending = ENDING.exec(path)?.[1]?.toLowerCase()
  return ending === undefined ? undefined : KIND_BY_ENDING[ending as keyof typeof KIND_BY_ENDING]
}

type Named = { readonly name: string; readonly isFolder: boolean }

async function readNames(folder: string): Promise<Named[] | undefined> {
  try {
    const found = await readdir(folder, { withFileTypes: true })
    return found
      .filter(({ name }) => !name.startsWith('.'))
      .map((one) => ({ name: one.name, isFolder: one.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw translateFailure(error, `list the folder "${folder}"`, 'connector.unreachable')
  }
}

function twice(files: EntityFiles, other: EntityFiles): AppError {
  const found = `"${other.paths[0]}" and "${files.paths[0]}"`
  const message = `Cannot read entity "${files.entity}": found ${found}, need it once`
  return new AppError('connector.file-invalid', message, { entity: files.entity })
}
