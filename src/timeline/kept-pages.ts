import { readFileSync, unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { KnownSessions, type SessionBlock } from './known-sessions.ts'
import { type Page, PagedLog } from './paged-log.ts'
import type { LogDeps } from './sealed-statement.ts'

/** Keeps full pages of a log outside this process; the log that comes back reads them from there. */
export type LogPages = {
  keep<Item>(log: PagedLog<Item>): Promise<PagedLog<Item>>
}

export type PagesDeps = LogDeps & {
  readonly random: Random
  /** Folder of its own, that is there. */
  readonly folder: string
  /** For messages and against being taken for another's. */
  readonly timeline: string
  /** What is of no use any more when a page cannot be read: the next command reads the vault. */
  readonly headPath: string
}

const NAME_BYTES = 32
const PAGE_BYTES_MAX = 1024 * 1024 * 1024
/** Pages that stay in memory once they were read. */
const PAGES_HELD = 8

/**
 * Pages of what was verified, each a file that is written once and durable when it is named anywhere:
 * sealed under the log key, for what timelines say is for readers of the log alone.
 *
 * Reading one is synchronous: what asks for it is pure otherwise, and it is a local file.
 */
export class KeptPages implements LogPages {
  readonly #deps: PagesDeps
  /** By name, the one that was asked for last at the end. */
  readonly #held = new Map<string, unknown>()

  constructor(deps: PagesDeps) {
    this.#deps = deps
  }

  async keep<Item>(log: PagedLog<Item>): Promise<PagedLog<Item>> {
    if (log.isKept) return log
    const pages: Page<Item>[] = []
    for (const page of log.pages) {
      if (page.name !== undefined) pages.push(page)
      else pages.push(this.pageOf(await this.#write(Buffer.from(JSON.stringify(page.items())))))
    }
    return new PagedLog(pages, [...log.tail])
  }

  async keepSessions(sessions: KnownSessions): Promise<KnownSessions> {
    const runs: SessionBlock[][] = []
    for (const run of sessions.runs) {
      const blocks: SessionBlock[] = []
      for (const block of run) {
        const bytes = block.fingerprints()
        const name = block.name ?? (await this.#write(Buffer.from(Uint8Array.from(bytesOf(bytes)))))
        blocks.push({ ...block, name })
      }
      runs.push(blocks)
    }
    return new KnownSessions(sessions.recent, runs)
  }

  pageOf<Item>(name: string): Page<Item> {
    const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8'))

    return { name, items: () => this.#hold(name, parse) as readonly Item[] }
  }

  blockOf({ count, first, name }: Pick<SessionBlock, 'count' | 'first'> & { name: string }) {
    const parse = (bytes: Uint8Array) => new BigUint64Array(Uint8Array.from(bytes).buffer)
    return { name, count, first, fingerprints: () => this.#hold(name, parse) as BigUint64Array }
  }

  #hold(name: string, parse: (bytes: Uint8Array) => unknown): unknown {
    const found = this.#held.get(name) ?? parse(this.#read(name))
    this.#held.delete(name)
    this.#held.set(name, found)
    const [oldest] = this.#held.keys()
    if (this.#held.size > PAGES_HELD && oldest !== undefined) this.#held.delete(oldest)
    return found
  }

  async #write(content: Uint8Array): Promise<string> {
    const salt = this.#deps.random.bytes(NAME_BYTES)
    const name = Buffer.from(salt).toString('hex')
    const sealed = sealLogged(this.#placeOf(name), zstdCompressSync(content))
    await using file = await open(join(this.#deps.folder, name), 'wx', 0o600)
    await file.writeFile(sealed)
    await file.datasync()
    return name
  }

  #read(name: string): Uint8Array {
    const { folder, headPath, timeline } = this.#deps
    try {
      const frame = unsealLogged(this.#placeOf(name), readFileSync(join(folder, name)))
      if (frame === undefined) throw new Error('It is not authentic')
      return zstdDecompressSync(frame, { maxOutputLength: PAGE_BYTES_MAX })
    } catch (cause) {
      const message = `Cannot read what this machine remembers of timeline "${timeline}": file "${name}" of "${folder}" is missing or damaged`
      try {
        unlinkSync(headPath)
      } catch {
        // Somebody was first, or the folder is read-only: the message says where to look.
      }
      throw new AppError('timeline.memory-lost', message, { source: timeline }, { cause })
    }
  }

  #placeOf(name: string) {
    const { logKey, timeline, vaultId } = this.#deps
    const aad = Buffer.from(`holdfast kept page 1\n${vaultId}/${timeline}`)
    return { logKey, salt: Buffer.from(name, 'hex'), aad }
  }
}

function bytesOf({ buffer, byteLength, byteOffset }: BigUint64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
