import { createHmac } from 'node:crypto'
import { readdir, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '#stdx/make-folder'
import type { IndexPlace } from '#vault/vault'
import { openSealedPages, type Pages, SealedPageWriter } from './sealed-pages.ts'

/** What was used so lately is not taken away: what makes room for itself by turns helps nobody. */
const USED_MS = 60 * 60 * 1000
/** What was not used for so long is of segments that are gone, most likely. */
const FORGOTTEN_MS = 30 * 24 * 60 * 60 * 1000

/** The files of an index. Their names tell nothing of what is indexed, and nobody needs any of them. */
export class IndexFolder {
  readonly #place: IndexPlace

  constructor(place: IndexPlace) {
    this.#place = place
  }

  /** @param facts everything that what is in the file depends on */
  nameOf(facts: unknown): string {
    const { key } = this.#place
    return createHmac('sha256', key).update(JSON.stringify(facts)).digest('hex').slice(0, 40)
  }

  /** `undefined` when it is not there, or of no use. */
  async open(name: string): Promise<Pages | undefined> {
    const path = this.#pathOf(name)
    const pages = openSealedPages(path, this.#place.key)
    if (pages === undefined) return undefined
    const now = this.#place.clock.nowMs() / 1000
    // In a folder that is read-only everything seems unused.
    await utimes(path, now, now).catch(() => {})
    return pages
  }

  async create(name: string): Promise<SealedPageWriter> {
    return await SealedPageWriter.create(this.#pathOf(name), this.#place)
  }

  async remove(name: string): Promise<void> {
    await unlink(this.#pathOf(name)).catch(() => {})
  }

  /**
   * Lets go what has not been used for longest, until there is room for some bytes more.
   * @returns whether there is, and files can be written
   */
  async makeRoom(bytes: number): Promise<boolean> {
    const { bytesMax, folder } = this.#place
    try {
      await makeFolder(folder)
      const files = await this.#list()
      const nowMs = this.#place.clock.nowMs()
      let sum = files.reduce((sum, { size }) => sum + size, bytes)
      for (const { name, size, usedMs } of files) {
        const unusedMs = nowMs - usedMs
        if (unusedMs < FORGOTTEN_MS && (sum <= bytesMax || unusedMs < USED_MS)) continue
        await this.remove(name)
        sum -= size
      }
      return sum <= bytesMax
    } catch {
      // What cannot be written is done without.
      return false
    }
  }

  /** Longest unused first. */
  async #list() {
    const { folder } = this.#place
    const files: { readonly name: string; readonly size: number; readonly usedMs: number }[] = []
    for (const name of await readdir(folder)) {
      // Another process may take it away meanwhile.
      const found = await stat(join(folder, name)).catch(() => undefined)
      if (found?.isFile()) files.push({ name, size: found.size, usedMs: found.mtimeMs })
    }
    return files.sort((a, b) => a.usedMs - b.usedMs)
  }

  #pathOf(name: string): string {
    return join(this.#place.folder, name)
  }
}
