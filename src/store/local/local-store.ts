import { constants } from 'node:fs'
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { isObjectName, parseObjectName } from '../object-name.ts'
import type { GetOptions, ObjectName, ObjectStat, ObjectStore } from '../object-store.ts'
import { isFsError, translateFsError } from './fs-error.ts'
import { listLocal, listLocalFolder } from './list-local.ts'
import { createLocalWriter } from './local-writer.ts'
import { removeEmptyFolders } from './remove-empty-folders.ts'

export type LocalStoreOptions = {
  /** Folder that must exist; see `createLocalRoot`. */
  readonly root: string
  /** Names temporary files. */
  readonly random: Random
}

/**
 * A store in a folder: one file an object, modes 0700 and 0600.
 *
 * An object is written to a temporary file under `~tmp`, synced, and given its name by link(2),
 * which refuses a name that is taken; then its folder is synced. So it survives a crash of the
 * machine on any file system that keeps what fsync promised. Opening does no I/O. The root is never
 * created here: a folder that is missing is more likely a disk that is not mounted. Folders go with
 * the last object in them.
 */
export function openLocalStore({ root, random }: LocalStoreOptions): ObjectStore {
  const folders = new Set<string>()
  const swept = new Set<string>()
  const pathOf = (name: ObjectName) => join(root, parseObjectName(name))

  async function create(name: ObjectName, signal: AbortSignal) {
    signal.throwIfAborted()
    return await createLocalWriter({ root, random, folders }, name)
  }

  return {
    label: root,
    create,
    async put(name, bytes, signal) {
      await using writer = await create(name, signal)
      await writer.write(bytes)
      signal.throwIfAborted()
      return await writer.commit()
    },
    async get(name, options) {
      options.signal.throwIfAborted()
      return await readObject(root, pathOf(name), { ...options, name })
    },
    async stat(name, signal) {
      signal.throwIfAborted()
      return await statObject(root, pathOf(name), name)
    },
    list: (prefix, signal) => listLocal(root, prefix, signal),
    listFolder: (folder, signal) => listLocalFolder(root, folder, signal),
    async delete(name, signal) {
      signal.throwIfAborted()
      await deleteObject(root, pathOf(name), name)
      await removeEmptyFolders({ root, swept }, pathOf(name))
    },
  }
}

type ReadOptions = GetOptions & { readonly name: ObjectName }

async function readObject(
  root: string,
  path: string,
  { name, range }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await using handle = await open(path, constants.O_RDONLY)
    const stat = await handle.stat()
    if (!stat.isFile()) throw await notFound(root, name)
    const { offset, length } = range ?? { offset: 0, length: stat.size }
    return await readExactly(handle, name, { offset, length })
  } catch (error) {
    if (error instanceof AppError) throw error
    if (isFsError(error, 'ENOENT', 'ENOTDIR')) throw await notFound(root, name, error)
    throw translateFsError(error, `Cannot read object "${name}" of "${root}"`)
  }
}

async function readExactly(
  handle: FileHandle,
  name: ObjectName,
  { offset, length }: { offset: number; length: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) {
      const message = `Cannot read object "${name}": it ends at byte ${offset + filled}, need ${offset + length}`
      throw new AppError('store.short-read', message, { name })
    }
    filled += bytesRead
  }
  return bytes
}

async function statObject(
  root: string,
  path: string,
  name: ObjectName,
): Promise<ObjectStat | undefined> {
  try {
    const stat = await lstat(path)
    if (!stat.isFile() || !isObjectName(name)) return undefined
    return { name, sizeBytes: stat.size, modifiedMs: stat.mtimeMs }
  } catch (error) {
    if (!isFsError(error, 'ENOENT', 'ENOTDIR')) {
      throw translateFsError(error, `Cannot look for object "${name}" in "${root}"`)
    }
    await checkRoot(root)
    return undefined
  }
}

async function deleteObject(root: string, path: string, name: ObjectName): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isFsError(error, 'ENOENT', 'ENOTDIR')) {
      throw translateFsError(error, `Cannot delete object "${name}" of "${root}"`)
    }
    await checkRoot(root)
  }
}

async function notFound(root: string, name: ObjectName, cause?: unknown): Promise<AppError> {
  await checkRoot(root)
  const message = `Cannot read object "${name}" of "${root}": it is not there`
  return new AppError('store.not-found', message, { name }, { cause })
}

/** An object that is missing says something else than a folder that is. */
async function checkRoot(root: string): Promise<void> {
  try {
    if ((await lstat(join(root, '.'))).isDirectory()) return
  } catch (cause) {
    throw translateFsError(cause, `Cannot use the folder "${root}" as a store`)
  }
}
