import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from './app-error.ts'
import { assert } from './assert.ts'
import { makeFolder } from './make-folder.ts'
import type { Random } from './random.ts'

/**
 * A list of byte strings that may outgrow memory: the first `memoryBytesMax` stay there, the rest go
 * to a temporary file, sealed (AES-256-GCM, one random key per spool, the nonce counts frames) and
 * unlinked as soon as it is open, so that neither a crash nor a curious neighbour finds anything.
 *
 * Append first, then read, as often as wanted.
 */
export class SealedSpool {
  readonly #deps: { readonly random: Random; readonly tempDir: string }
  readonly #memoryBytesMax: number
  readonly #held: Uint8Array<ArrayBuffer>[] = []
  readonly #frames: { readonly offset: number; readonly length: number }[] = []
  readonly #key: KeyObject
  #heldBytes = 0
  #fileBytes = 0
  #file: FileHandle | undefined

  constructor(
    deps: { readonly random: Random; readonly tempDir: string },
    { memoryBytesMax }: { readonly memoryBytesMax: number },
  ) {
    this.#deps = deps
    this.#memoryBytesMax = memoryBytesMax
    this.#key = createSecretKey(deps.random.bytes(32))
  }

  get count(): number {
    return this.#held.length + this.#frames.length
  }

  /** Keeps `bytes`, which the caller gives away. @throws stdx.temporary-failed */
  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#frames.length === 0 && this.#heldBytes + bytes.byteLength <= this.#memoryBytesMax) {
      this.#held.push(bytes)
      this.#heldBytes += bytes.byteLength
      return
    }
    const sealed = this.#seal(this.#frames.length, bytes)
    try {
      this.#file ??= await this.#openFile()
      await writeAt(this.#file, sealed, this.#fileBytes)
    } catch (cause) {
      throw temporaryFailed(this.#deps.tempDir, cause)
    }
    this.#frames.push({ offset: this.#fileBytes, length: sealed.length })
    this.#fileBytes += sealed.length
  }

  /** What was appended, in that order. Holds one frame at a time. */
  async *read(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    yield* this.#held
    for (const [index, { length, offset }] of this.#frames.entries()) {
      assert(this.#file !== undefined, 'A spool that has frames has a file.')
      const sealed = new Uint8Array(length)
      const { bytesRead } = await this.#file.read(sealed, 0, length, offset)
      assert(bytesRead === length, 'A spool reads what it wrote.')
      yield this.#unseal(index, sealed)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    this.#held.length = 0
    this.#frames.length = 0
  }

  async #openFile(): Promise<FileHandle> {
    const { random, tempDir } = this.#deps
    await makeFolder(tempDir)
    const path = join(tempDir, `spool-${Buffer.from(random.bytes(12)).toString('hex')}`)
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    return file
  }

  #seal(index: number, bytes: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(index))
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }

  #unseal(index: number, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
    const end = sealed.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(index))
    decipher.setAuthTag(sealed.subarray(end))
    const bytes = decipher.update(sealed.subarray(0, end))
    decipher.final()
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const rest = bytes.length - written
    const { bytesWritten } = await file.write(bytes, written, rest, offset + written)
    written += bytesWritten
  }
}

function temporaryFailed(folder: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
  const found = code === 'ENOSPC' ? 'no space is left there' : `the system answered ${code}`
  const message = `Cannot write a temporary file in "${folder}": ${found}`
  return new AppError('stdx.temporary-failed', message, { folder }, { cause })
}

const TAG_BYTES = 16

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(index, 8)
  return nonce
}
