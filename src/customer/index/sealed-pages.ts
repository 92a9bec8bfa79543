import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Random } from '#stdx/random'
import { sweepBeside, temporaryBeside } from '#stdx/temporary-beside'

/** Where something is among the pages of an index. */
export type PageMark = {
  /** Pages of one run are sorted among themselves. */
  readonly run: number
  /** The first of what it holds, a number below 2^32. */
  readonly first: number
}

/** Pages in the order in which they were added. */
export type Pages = {
  readonly marks: readonly PageMark[]
  /** Gives `use` a way to read pages, good until the next is read. @throws when they are not what was written */
  reading<T>(use: (read: (index: number) => Buffer) => T): T
}

export type PageSink = { add(mark: PageMark, bytes: Uint8Array): Promise<void> }

/** What a file of pages is sealed with. */
export type PagesKey = { readonly key: Uint8Array; readonly random: Random }

const SALT_BYTES = 32
const TAG_BYTES = 16
const MARK_WORDS = 3
const DIRECTORY_NUMBER = 0xffff_ffff
const MAGIC = 0x31_58_46_48
const TAIL_BYTES = 8

/**
 * Writes a file of pages, each sealed by itself so that one is read without the others: a salt, the
 * pages, what says where they are, its size. The file takes its name once it is whole, or never.
 * Not durable: what is lost is made anew.
 */
export class SealedPageWriter implements PageSink, AsyncDisposable {
  readonly #path: string
  readonly #temporary: string
  readonly #file: FileHandle
  readonly #seal: (number: number, bytes: Uint8Array) => Buffer
  readonly #directory: number[] = []
  #isWhole = false

  private constructor(
    path: string,
    opened: { readonly temporary: string; readonly file: FileHandle; readonly key: KeyObject },
  ) {
    this.#path = path
    this.#temporary = opened.temporary
    this.#file = opened.file
    this.#seal = (number, bytes) => {
      const cipher = createCipheriv('aes-256-gcm', opened.key, nonceOf(number))
      cipher.setAAD(Buffer.from(basename(path)))
      return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    }
  }

  /** In a folder that is there. */
  static async create(path: string, { key, random }: PagesKey): Promise<SealedPageWriter> {
    const temporary = temporaryBeside(path, random)
    const file = await open(temporary, 'wx', 0o600)
    const salt = random.bytes(SALT_BYTES)
    await file.write(salt)
    return new SealedPageWriter(path, { temporary, file, key: deriveKey(key, salt) })
  }

  async add({ first, run }: PageMark, bytes: Uint8Array): Promise<void> {
    const number = this.#directory.length / MARK_WORDS
    this.#directory.push(run, first, bytes.length)
    await this.#write(this.#seal(number, bytes))
  }

  async finish(): Promise<void> {
    const words = Uint32Array.from(this.#directory)
    const sealed = this.#seal(DIRECTORY_NUMBER, new Uint8Array(words.buffer))
    const tail = Buffer.alloc(TAIL_BYTES)
    tail.writeUInt32LE(sealed.length)
    tail.writeUInt32LE(MAGIC, 4)
    await this.#write(Buffer.concat([sealed, tail]))
    await this.#file.close()
    await rename(this.#temporary, this.#path)
    this.#isWhole = true
    await sweepBeside(this.#path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isWhole) return
    await this.#file.close().catch(() => {})
    await unlink(this.#temporary).catch(() => {})
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, written)
      written += bytesWritten
    }
  }
}

/** What was written under this name with this key; `undefined` when it is not there or anything else. */
export function openSealedPages(path: string, key: Uint8Array): Pages | undefined {
  try {
    return readDirectory(path, key)
  } catch {
    // Missing, cut short, damaged, another's: all the same to us.
    return undefined
  }
}

/** Three small reads of a local file: waiting for each on another thread takes ten times as long. */
function readEnds(path: string) {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const at = (position: number, length: number) => {
      const bytes = Buffer.alloc(length)
      readSync(fd, bytes, 0, length, position)
      return bytes
    }
    const tail = at(size - TAIL_BYTES, TAIL_BYTES)
    const length = tail.readUInt32LE()
    if (tail.readUInt32LE(4) !== MAGIC || length > size) throw new Error('It is no index')
    return { size, salt: at(0, SALT_BYTES), sealed: at(size - TAIL_BYTES - length, length) }
  } finally {
    closeSync(fd)
  }
}

function readDirectory(path: string, indexKey: Uint8Array): Pages {
  const { salt, sealed, size } = readEnds(path)
  const unseal = unsealerOf(deriveKey(indexKey, salt), basename(path))
  const bytes = unseal(DIRECTORY_NUMBER, sealed)
  const words = new Uint32Array(Uint8Array.from(bytes).buffer)
  const marks: PageMark[] = []
  const places: { readonly offset: number; readonly length: number }[] = []
  let offset = SALT_BYTES
  for (let i = 0; i < words.length; i += MARK_WORDS) {
    const sealedBytes = (words[i + 2] ?? 0) + TAG_BYTES
    marks.push({ run: words[i] ?? 0, first: words[i + 1] ?? 0 })
    places.push({ offset, length: sealedBytes })
    offset += sealedBytes
  }
  if (offset + sealed.length + TAIL_BYTES !== size) throw new Error('It is of another size')
  return {
    marks,
    reading(use) {
      // Not kept open: there may be more files of an index than a process may open.
      const fd = openSync(path, 'r')
      try {
        let room = Buffer.alloc(0)
        let last: Buffer | undefined
        return use((index) => {
          // The collector would let megabytes pile up before it looks at them.
          if (last !== undefined) releasePage(last)
          const { length, offset } = places[index] ?? { offset: 0, length: 0 }
          if (length > room.length) room = Buffer.allocUnsafeSlow(length)
          readSync(fd, room, 0, length, offset)
          last = unseal(index, room.subarray(0, length))
          return last
        })
      } finally {
        closeSync(fd)
      }
    },
  }
}

/** The same in memory, of what is not worth a file. */
export class MemoryPages implements PageSink, Pages {
  readonly marks: PageMark[] = []
  readonly #pages: Buffer[] = []

  async add(mark: PageMark, bytes: Uint8Array): Promise<void> {
    this.marks.push(mark)
    this.#pages.push(Buffer.from(bytes))
  }

  reading<T>(use: (read: (index: number) => Buffer) => T): T {
    return use((index) => this.#pages[index] ?? Buffer.alloc(0))
  }
}

function releasePage({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

function unsealerOf(key: KeyObject, name: string) {
  const aad = Buffer.from(name)
  return (number: number, sealed: Buffer): Buffer => {
    const end = sealed.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number)).setAAD(aad)
    decipher.setAuthTag(sealed.subarray(end))
    const bytes = decipher.update(sealed.subarray(0, end))
    decipher.final()
    return bytes
  }
}

/** One for each file, so that numbers of pages are nonces. */
function deriveKey(indexKey: Uint8Array, salt: Uint8Array): KeyObject {
  const key = hkdfSync('sha256', indexKey, salt, 'holdfast index file 1', 32)
  return createSecretKey(new Uint8Array(key))
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(number, 8)
  return nonce
}
