import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Random } from '#stdx/random'
import { parseObjectName } from '../object-name.ts'
import type { ObjectName, ObjectWriter, PutResult } from '../object-store.ts'
import { isFsError, translateFsError } from './fs-error.ts'
import { nameTemporary, sweepTemporaries, TEMPORARY_FOLDER } from './temporaries.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const TEMPORARY_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
/** How often a folder is made again that somebody took away as empty. */
const LINKS_MAX = 5

export type LocalWriterDeps = {
  readonly root: string
  readonly random: Random
  /** Folders known to be there and durable; added to. */
  readonly folders: Set<string>
}

/**
 * Begins a file that gets its name by `commit`. Bytes, then durable, then visible. A failed sync is
 * never tried again on the same descriptor: the kernel may have dropped the pages it reports on.
 */
export async function createLocalWriter(
  deps: LocalWriterDeps,
  name: ObjectName,
): Promise<ObjectWriter> {
  const { root, random } = deps
  const path = join(root, parseObjectName(name))
  const doing = `Cannot write object "${name}" to "${root}"`
  const temporary = join(root, TEMPORARY_FOLDER, nameTemporary(random))
  const handle = await translating(doing, async () => {
    return await openTemporary(deps, temporary)
  })
  let state: 'open' | 'done' = 'open'
  let offset = 0

  return {
    async write(bytes) {
      assert(state === 'open', 'An object is written before it is committed.')
      await translating(doing, () => writeFully(handle, bytes, offset))
      offset += bytes.byteLength
    },
    async commit() {
      assert(state === 'open', 'An object is committed once.')
      state = 'done'
      return await translating(doing, async () => {
        try {
          await syncAndClose(handle)
          return await publish(deps, temporary, path)
        } finally {
          await removeQuietly(temporary)
        }
      })
    },
    async [Symbol.asyncDispose]() {
      if (state === 'done') return
      state = 'done'
      // The failure that led here is the one to report.
      await handle.close().catch(() => {})
      await removeQuietly(temporary)
    },
  }
}

/**
 * Makes the folder of a new store, durable, mode 0700; an existing one is left as it is.
 * @throws store.denied | store.full | store.unavailable
 */
export async function createLocalRoot(root: string): Promise<void> {
  await translating(`Cannot create the folder "${root}"`, () => makeFolder(root))
}

async function publish(deps: LocalWriterDeps, temporary: string, path: string): Promise<PutResult> {
  const folder = dirname(path)
  for (let left = LINKS_MAX; ; left--) {
    try {
      await ensureFolder(deps, folder)
      const result = await linkIfAbsent(temporary, path)
      // Also when somebody else was first: their name must be durable before we rely on it.
      await syncFolder(folder)
      return result
    } catch (error) {
      // Whoever deletes takes folders away that are empty, also one that was just made.
      if (!isFsError(error, 'ENOENT') || left === 1) throw error
      forgetFolders(deps, folder)
    }
  }
}

function forgetFolders({ folders, root }: LocalWriterDeps, folder: string): void {
  for (let path = folder; path !== root && path !== dirname(path); path = dirname(path)) {
    folders.delete(path)
  }
}

async function linkIfAbsent(from: string, to: string): Promise<PutResult> {
  try {
    await link(from, to)
    return 'stored'
  } catch (error) {
    if (isFsError(error, 'EEXIST')) return 'already-present'
    throw error
  }
}

/** What processes that died here left is removed once, at the first write. */
async function openTemporary(deps: LocalWriterDeps, path: string): Promise<FileHandle> {
  const folder = dirname(path)
  const isFirst = !deps.folders.has(folder)
  await ensureFolder(deps, folder)
  const handle = await open(path, TEMPORARY_FLAGS, FILE_MODE)
  // A leftover that nobody can look for disturbs no write.
  if (isFirst) await sweepTemporaries(folder, basename(path)).catch(() => {})
  return handle
}

/** The root itself must be there; what is missing below it is made. */
async function ensureFolder(deps: LocalWriterDeps, folder: string): Promise<void> {
  if (folder === deps.root || deps.folders.has(folder)) return
  await ensureFolder(deps, dirname(folder))
  await makeOneFolder(folder)
  deps.folders.add(folder)
}

async function makeOneFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
  } catch (error) {
    if (!isFsError(error, 'EEXIST')) throw error
  }
  await syncFolder(dirname(folder))
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOneFolder(folder)
  } catch (error) {
    if (!isFsError(error, 'ENOENT') || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await makeOneFolder(folder)
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync()
}

async function syncAndClose(handle: FileHandle): Promise<void> {
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** At a place that is said: pwrite(2), which faults can be aimed at, as only files are written so. */
async function writeFully(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const rest = bytes.byteLength - written
    const { bytesWritten } = await handle.write(bytes, written, rest, offset + written)
    written += bytesWritten
  }
}

async function removeQuietly(path: string): Promise<void> {
  // A leftover is invisible and swept later; the result of the write stands either way.
  await unlink(path).catch(() => {})
}

async function translating<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw translateFsError(error, doing)
  }
}
