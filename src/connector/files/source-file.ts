import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { changedFile } from './file-failure.ts'

export const READ_BYTES = 1_048_576

/** Which bytes a file held, as far as the file system tells. */
export type Stamp = {
  /** Device and inode. */
  readonly file: string
  readonly sizeBytes: number
  readonly modifiedNs: string
}

/** A file that is open for reading, whatever takes its name meanwhile. */
export type SourceFile = {
  /** Relative to the folder: `customers.csv`, `customers/part-1.csv`. */
  readonly label: string
  readonly handle: FileHandle
  readonly stamp: Stamp
}

export async function openSourceFile(path: string, label: string): Promise<SourceFile> {
  const handle = await open(path, 'r')
  try {
    return { label, handle, stamp: await readStamp(handle) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

export async function readStamp(handle: FileHandle): Promise<Stamp> {
  const { dev, ino, mtimeNs, size } = await handle.stat({ bigint: true })
  return { file: `${dev}:${ino}`, sizeBytes: Number(size), modifiedNs: String(mtimeNs) }
}

export function isSameStamp(a: Stamp | undefined, b: Stamp | undefined): boolean {
  return a?.file === b?.file && a?.sizeBytes === b?.sizeBytes && a?.modifiedNs === b?.modifiedNs
}

/** @throws connector.scan-failed when the file is not as it was when it was opened */
export async function refuseChanged({ handle, label, stamp }: SourceFile): Promise<void> {
  if (!isSameStamp(await readStamp(handle), stamp)) throw changedFile(label)
}

/** A stretch of a file: good until the next one is asked for. */
export type Block = { readonly bytes: Uint8Array; readonly isLast: boolean }

/**
 * Reads a whole file, and makes sure at its end that nobody wrote to it meanwhile. Yields at least one
 * block; returns the SHA-256 of all bytes.
 *
 * @param sha256 what the bytes were when they were read before
 * @throws connector.scan-failed when they are not the same
 */
export async function* readBlocks(
  file: SourceFile,
  signal: AbortSignal,
  sha256?: string | undefined,
): AsyncGenerator<Block, string, undefined> {
  const { handle, label, stamp } = file
  const hash = createHash('sha256')
  const buffer = new Uint8Array(Math.min(READ_BYTES, stamp.sizeBytes))
  let position = 0
  do {
    signal.throwIfAborted()
    const length = Math.min(READ_BYTES, stamp.sizeBytes - position)
    const { bytesRead } = await handle.read(buffer, 0, length, position)
    if (bytesRead === 0 && length > 0) throw changedFile(label)
    position += bytesRead
    const bytes = buffer.subarray(0, bytesRead)
    hash.update(bytes)
    const isLast = position >= stamp.sizeBytes
    if (isLast) await refuseChanged(file)
    const found = isLast ? hash.digest('hex') : undefined
    if (found !== undefined && sha256 !== undefined && found !== sha256) throw changedFile(label)
    yield { bytes, isLast }
    if (found !== undefined) return found
  } while (true)
}
