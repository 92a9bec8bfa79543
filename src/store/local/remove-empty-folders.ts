import { readdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isObjectName } from '../object-name.ts'

export type RemoveFoldersDeps = {
  readonly root: string
  /** Folders that were looked through for empty ones by this store; added to. */
  readonly swept: Set<string>
}

/**
 * Removes the folders of an object that is gone, as far as they are empty, and once those beside them
 * that a writer left who died before it had stored anything. Whoever is about to write into one makes
 * it again. Never fails: an empty folder disturbs nobody.
 *
 * @param path of the object
 */
export async function removeEmptyFolders(deps: RemoveFoldersDeps, path: string): Promise<void> {
  const folder = dirname(path)
  if (folder === deps.root) return
  if (!deps.swept.has(folder)) {
    deps.swept.add(folder)
    await removeEmptyIn(folder)
  }
  if (await removeIfEmpty(folder)) await removeEmptyFolders(deps, folder)
}

async function removeEmptyIn(folder: string): Promise<void> {
  const children = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const child of children) {
    if (child.isDirectory() && isObjectName(child.name))
      await removeIfEmpty(join(folder, child.name))
  }
}

/** The system removes no folder in which there is anything. */
async function removeIfEmpty(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => true,
    () => false,
  )
}
