import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '#stdx/assert'
import { makeFolder } from '#stdx/make-folder'
import type { Random } from '#stdx/random'
import { translateFsError } from '../local/fs-error.ts'
import type { S3Body } from './s3-calls.ts'

const PIECE_BYTES = 256 * 1024

/** The body of an object that is there as a whole. */
export function bodyOf(bytes: Uint8Array): S3Body {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { sizeBytes: bytes.byteLength, sha256, open: () => bytes }
}

export type SpoolDeps = {
  readonly random: Random
  /** Folder of the temporary file; it need not be there before one is needed. */
  readonly tempDir: string
  /** Bytes kept in memory before a file is begun. */
  readonly memoryBytesMax: number
}

/**
 * Gathers a body that comes in pieces, as a request must say its length and hash before its first
 * byte. Holds at most `memoryBytesMax` in memory, the rest in a file that has no name any more when
 * the first byte goes to it, so nothing is left however the process ends. Objects are sealed before
 * they come here.
 */
export class BodySpool implements AsyncDisposable {
  readonly #deps: SpoolDeps
  readonly #hash: Hash = createHash('sha256')
  #pieces: Uint8Array[] = []
  #file: FileHandle | undefined
  #sizeBytes = 0

  constructor(deps: SpoolDeps) {
    this.#deps = deps
  }

  /** The bytes are copied or written before this resolves. @throws store.full | store.denied | store.unavailable */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    this.#sizeBytes += bytes.byteLength
    try {
      if (this.#file !== undefined) await writeFully(this.#file, bytes)
      // Not `slice`, which for a Buffer is a view of what its owner may write to again.
      else if (this.#sizeBytes <= this.#deps.memoryBytesMax)
        this.#pieces.push(Uint8Array.from(bytes))
      else await this.#spill(bytes)
    } catch (error) {
      throw translateFsError(error, `Cannot write a temporary file in "${this.#deps.tempDir}"`)
    }
  }

  /** What was written, as often as it is needed until this is disposed. */
  finish(): S3Body {
    const sha256 = this.#hash.digest('hex')
    const sizeBytes = this.#sizeBytes
    const file = this.#file
    if (file === undefined) {
      const bytes = Buffer.concat(this.#pieces)
      return { sizeBytes, sha256, open: () => bytes }
    }
    const part = { start: 0, end: sizeBytes - 1, autoClose: false, highWaterMark: PIECE_BYTES }
    return { sizeBytes, sha256, open: () => file.createReadStream(part) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces = []
    await this.#file?.close()
    this.#file = undefined
  }

  async #spill(bytes: Uint8Array): Promise<void> {
    assert(this.#file === undefined, 'A spool has one file.')
    const { random, tempDir } = this.#deps
    await makeFolder(tempDir)
    const path = join(tempDir, `holdfast-${Buffer.from(random.bytes(8)).toString('hex')}.put`)
    this.#file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    await unlink(path)
    for (const piece of [...this.#pieces, bytes]) await writeFully(this.#file, piece)
    this.#pieces = []
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written)
    written += bytesWritten
  }
}
