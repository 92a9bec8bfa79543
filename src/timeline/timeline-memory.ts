import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as z from 'zod'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { makeFolder } from '#stdx/make-folder'
import type { Random } from '#stdx/random'
import { replaceFile } from '#stdx/replace-file'
import { KeptPages, type LogPages } from './kept-pages.ts'
import type { LogDeps } from './sealed-statement.ts'

/**
 * Keeps, outside the vault, what this machine has verified of timelines, so that a long one is not
 * read and verified again by every command. Only what the machine itself has verified counts: nobody
 * else's word is taken. Disposable; whatever is wrong with it is not an error.
 */
export type TimelineMemory = {
  /** How a timeline was when it was kept last; `undefined` when that is of no use. */
  recall<Kept>(timeline: string, form: KeptForm<Kept>): Promise<Kept | undefined>
  /** @returns the same, with what grows read from where it is kept now */
  remember<Kept>(timeline: string, form: KeptForm<Kept>, kept: Kept): Promise<Kept>
  /** Where full pages of a timeline are kept while it is read. */
  pagesOf(timeline: string): LogPages
}

/** How what is kept of a timeline is written down. */
export type KeptForm<Kept> = {
  /** Has what grows kept in pages. */
  readonly spill: (pages: KeptPages, kept: Kept) => Promise<Kept>
  /** JSON, apart from what lies in pages. */
  readonly format: (kept: Kept) => unknown
  /** What `format` made, authenticated; throws when it is of another version. */
  readonly parse: (pages: KeptPages, json: unknown) => Kept
  /** Names of all pages. */
  readonly pagesIn: (kept: Kept) => readonly string[]
}

const FORMAT = 3
const SALT_BYTES = 32
const BYTES_MAX = 1024 * 1024 * 1024
const PAGE_NAME = /^[0-9a-f]{64}$/
/** Behind the name of a page: empty, and as old as that nothing names the page. */
const UNNAMED = '.unnamed'
/** Pages that nothing names any more may still be read by another process, for so long at most. */
const SWEPT_AFTER_MS = 60 * 60 * 1000

/** What is inside is ours, so that its form is looked at as far as telling formats apart. */
const contentSchema = z.strictObject({ format: z.literal(FORMAT), kept: z.unknown() })

/** A memory in a folder, one folder a timeline: pages, and a file that names them and is replaced whole. */
export function openTimelineMemory(
  folder: string,
  deps: LogDeps & { readonly random: Random },
): TimelineMemory {
  const opened = new Map<string, KeptPages>()
  const folderOf = (timeline: string) => join(folder, `${timeline}.kept`)
  const headOf = (timeline: string) => join(folderOf(timeline), 'head')
  const placeOf = (timeline: string, salt: Uint8Array) => ({
    logKey: deps.logKey,
    salt,
    aad: Buffer.from(`holdfast kept head ${FORMAT}\n${deps.vaultId}/${timeline}`),
  })
  const pagesOf = (timeline: string) => {
    const at = { folder: folderOf(timeline), headPath: headOf(timeline), timeline }
    const pages = opened.get(timeline) ?? new KeptPages({ ...deps, ...at })
    opened.set(timeline, pages)
    return pages
  }
  const isSwept = new Set<string>()

  return {
    async recall(timeline, form) {
      try {
        const bytes = await readFile(headOf(timeline))
        const place = placeOf(timeline, bytes.subarray(0, SALT_BYTES))
        const frame = unsealLogged(place, bytes.subarray(SALT_BYTES))
        if (frame === undefined) return undefined
        const text = zstdDecompressSync(frame, { maxOutputLength: BYTES_MAX }).toString('utf8')
        const kept = form.parse(pagesOf(timeline), contentSchema.parse(JSON.parse(text)).kept)
        const named = form.pagesIn(kept)
        if (named.length === 0) return kept
        const there = new Set(await readdir(folderOf(timeline)))
        return named.every((name) => there.has(name)) ? kept : undefined
      } catch {
        // Never kept, or unusable: the same to us.
        return undefined
      }
    },
    async remember(timeline, form, kept) {
      try {
        await makeFolder(folderOf(timeline))
        const spilt = await form.spill(pagesOf(timeline), kept)
        const text = JSON.stringify({ format: FORMAT, kept: form.format(spilt) })
        const salt = deps.random.bytes(SALT_BYTES)
        const sealed = sealLogged(placeOf(timeline, salt), zstdCompressSync(text))
        await replaceFile(headOf(timeline), Buffer.concat([salt, sealed]), deps.random)
        if (!isSwept.has(timeline)) await sweep(folderOf(timeline), new Set(form.pagesIn(spilt)))
        isSwept.add(timeline)
        return spilt
      } catch {
        // A read-only home must not fail a backup.
        return kept
      }
    },
    pagesOf(timeline) {
      const pages = pagesOf(timeline)
      return {
        async keep(log) {
          if (log.isKept) return log
          try {
            await makeFolder(folderOf(timeline))
            return await pages.keep(log)
          } catch {
            // A read-only home must not fail a backup.
            return log
          }
        },
      }
    },
  }
}

/**
 * Removes pages that nothing names any more; the head has just been written. How old a page is says
 * nothing of since when it has not been named, so that a file beside it does.
 */
async function sweep(folder: string, named: ReadonlySet<string>): Promise<void> {
  const { mtimeMs: nowMs } = await stat(join(folder, 'head'))
  const there = new Set(await readdir(folder))
  for (const name of there) {
    if (!PAGE_NAME.test(name)) continue
    const path = join(folder, name)
    const sincePath = `${path}${UNNAMED}`
    const isMarked = there.has(`${name}${UNNAMED}`)
    if (named.has(name)) {
      if (isMarked) await unlink(sincePath)
    } else if (!isMarked) {
      await writeFile(sincePath, '', { mode: 0o600 })
    } else if (nowMs - (await stat(sincePath)).mtimeMs > SWEPT_AFTER_MS) {
      await unlink(path)
      await unlink(sincePath)
    }
  }
}
