import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { systemCode, translateFailure } from './file-failure.ts'
import { type EntityFiles, type FolderListing, listFiles } from './list-files.ts'
import { openSourceFile, type SourceFile } from './source-file.ts'

/** Each file is open as long as a cut is. */
const FILES_MAX = 4_000

/** An entity with its files open, or the file that may not be read. */
export type OpenedEntity = {
  readonly listed: EntityFiles
  readonly files: readonly SourceFile[]
  readonly unreadable: string | null
}

/** All files of a folder, opened at one moment. Disposing it closes them. */
export type OpenedFolder = AsyncDisposable & {
  readonly folder: string
  readonly entities: readonly OpenedEntity[]
  readonly ignored: FolderListing['ignored']
}

/** A folder that is not there holds nothing. */
export async function openFolder(folder: string): Promise<OpenedFolder> {
  const listing = (await listFiles(folder)) ?? { entities: [], ignored: [] }
  const count = listing.entities.reduce((sum, { paths }) => sum + paths.length, 0)
  if (count > FILES_MAX) {
    const message = `Cannot read the folder "${folder}": found ${count} files, need ${FILES_MAX} at most`
    throw new AppError('connector.file-invalid', message)
  }
  await using stack = new AsyncDisposableStack()
  const entities: OpenedEntity[] = []
  for (const listed of listing.entities) entities.push(await openEntity(folder, listed, stack))
  const kept = stack.move()
  const { ignored } = listing
  return { folder, entities, ignored, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function openEntity(
  folder: string,
  listed: EntityFiles,
  stack: AsyncDisposableStack,
): Promise<OpenedEntity> {
  const files: SourceFile[] = []
  for (const path of listed.paths) {
    try {
      const file = await openSourceFile(join(folder, path), path)
      stack.defer(() => file.handle.close())
      files.push(file)
    } catch (error) {
      if (systemCode(error) === 'EACCES') return { listed, files, unreadable: path }
      throw translateFailure(error, `open "${path}"`, 'connector.scan-failed')
    }
  }
  return { listed, files, unreadable: null }
}

/** A folder is known by where it is: what exports into it often makes it anew. */
export function identityOf(folder: string): SourceIdentity {
  try {
    return { system: 'files', database: realpathSync(folder) }
  } catch {
    return { system: 'files', database: resolve(folder) }
  }
}

/** The entities' files by path, to tell whether a folder is as it was. */
export function listStamps({ entities }: OpenedFolder): ReadonlyMap<string, SourceFile['stamp']> {
  return new Map(entities.flatMap(({ files }) => files.map(({ label, stamp }) => [label, stamp])))
}

export function findOpened(
  { entities }: OpenedFolder,
  entity: EntityName,
): OpenedEntity | undefined {
  return entities.find(({ listed }) => listed.entity === entity)
}
