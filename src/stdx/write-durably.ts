import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Random } from './random.ts'
import { sweepBeside, temporaryBeside } from './temporary-beside.ts'

export type WriteDurablyOptions = {
  readonly random: Random
  /** Whether a file that is there goes; else it stays, and the system's `EEXIST` is thrown. */
  readonly mayReplace: boolean
}

/** What file systems without hard links answer. */
const LINKLESS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Writes a file for its owner alone: under its name whole and durable when it resolves, or not at
 * all. What processes of this machine that died at it left beside the file is removed.
 * @throws what the system says
 */
export async function writeDurably(
  path: string,
  content: string | AsyncIterable<Uint8Array>,
  { mayReplace, random }: WriteDurablyOptions,
): Promise<void> {
  const temporary = temporaryBeside(path, random)
  try {
    await writeSynced(temporary, typeof content === 'string' ? [Buffer.from(content)] : content)
    if (mayReplace) await rename(temporary, path)
    else await nameIfFree(temporary, path)
  } finally {
    // There is none after a rename; and what cannot go is swept another time.
    await unlink(temporary).catch(() => {})
  }
  await syncFolder(dirname(path))
  await sweepBeside(path).catch(() => {})
}

/** What was renamed or made in a folder survives a crash of the machine once this has resolved. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

async function writeSynced(
  path: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  // Whatever the mask of the process takes away.
  await file.chmod(0o600)
  let at = 0
  for await (const bytes of content) {
    await writeAll(file, bytes, at)
    at += bytes.byteLength
  }
  await file.sync()
}

/** At a place that is said: pwrite(2), which faults can be aimed at, as only files are written so. */
async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const rest = bytes.byteLength - written
    const { bytesWritten } = await file.write(bytes, written, rest, at + written)
    written += bytesWritten
  }
}

async function nameIfFree(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && LINKLESS.has(error.code))) throw error
    // Two at the same moment are not told apart there.
    if (await isThere(path)) throw Object.assign(new Error(`"${path}" exists`), { code: 'EEXIST' })
    await rename(temporary, path)
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}
