import { hkdfSync } from 'node:crypto'
import type { EntityAt } from '#history/entity-at'
import type { PlacedSegment, SegmentReadDeps } from '#segment/segment'
import type { VersionsOf } from '#segment/state-finder'
import { assert } from '#stdx/assert'
import type { IndexPlace } from '#vault/vault'
import { buildIndex } from './build-index.ts'
import { type Column, isSameColumn } from './column.ts'
import { HalfSipHash } from './half-sip-hash.ts'
import { IndexFolder } from './index-folder.ts'
import { findInLines } from './name-lines.ts'
import { MemoryPages, type Pages, type SealedPageWriter } from './sealed-pages.ts'
import { findInRuns } from './value-runs.ts'

/** What is looked for in a column: values as the column takes them, or all words of a name. */
export type Lookup = { readonly column: Column; readonly texts: readonly string[] }

/** Told while an index is made. */
export type IndexProgress = {
  begin(stage: { readonly label: string; readonly rows: number }): void
  add(done: { readonly rows: number }): void
  end(): void
}

export type RowIndexOptions = {
  readonly place: IndexPlace
  readonly progress: IndexProgress | undefined
  /** Segments of no more versions are indexed in memory, for as long as the process runs. */
  readonly smallVersions?: number
}

const FORMAT = 1
const SMALL_VERSIONS = 2000
/** Of more versions than this it is no use to say which they are. */
const CANDIDATES_MAX = 50_000
/** Of an entry with what a page costs; a name is some times as long. */
const ENTRY_BYTES = 9
const NAME_BYTES = 40

/**
 * Says which versions of records of an entity may hold a value, without reading them all:
 * a file for each segment and column. Segments never change, so that a file is never stale, and what it
 * says is true of every point; whoever asks looks at the records themselves, as of its point.
 *
 * What is not there is made when it is asked for, all columns of an entity at once. Where it cannot be
 * made there is no answer, and the entity is to be read.
 */
export class RowIndex {
  readonly #deps: SegmentReadDeps
  readonly #options: RowIndexOptions
  readonly #folder: IndexFolder
  readonly #hash: HalfSipHash
  /** By name of file. */
  readonly #opened = new Map<string, Pages>()
  #isOff = false

  constructor(deps: SegmentReadDeps, options: RowIndexOptions) {
    this.#deps = deps
    this.#options = options
    this.#folder = new IndexFolder(options.place)
    const key = hkdfSync('sha256', options.place.key, deps.vaultId, 'holdfast index hash 1', 8)
    this.#hash = new HalfSipHash(new Uint8Array(key))
  }

  /**
   * Versions that may answer one of the lookups, of all that the point may see; `undefined` when the
   * entity has to be read to know.
   * @param columns all that are ever asked of the entity
   */
  async findVersions(
    at: EntityAt,
    wanted: { readonly columns: readonly Column[]; readonly lookups: readonly Lookup[] },
    signal: AbortSignal,
  ): Promise<VersionsOf[] | undefined> {
    const { lookups } = wanted
    const columns = distinctColumns([...wanted.columns, ...lookups.map(({ column }) => column)])
    const isSmall = ({ ref }: PlacedSegment) => ref.versionCount <= this.#smallVersions
    if (this.#isOff || at.segments.every(isSmall)) return undefined
    const versions: VersionsOf[] = []
    let count = 0
    for (const placed of at.segments) {
      const numbers = await this.#findIn(placed, { at, columns, lookups, signal })
      count += numbers?.length ?? 0
      if (numbers === undefined || count > CANDIDATES_MAX) return undefined
      versions.push({ placed, numbers })
    }
    return versions
  }

  get #smallVersions(): number {
    return this.#options.smallVersions ?? SMALL_VERSIONS
  }

  /** Numbers of versions, ascending. */
  async #findIn(placed: PlacedSegment, asked: Asked): Promise<number[] | undefined> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const pages = await this.#openAll(placed, asked)
      if (pages === undefined) return undefined
      try {
        return this.#lookUp(pages, asked.lookups)
      } catch {
        // A page is damaged, or the file was taken away: it is made anew.
        for (const { column } of asked.lookups) await this.#forget(placed, asked.at, column)
      }
    }
    return undefined
  }

  #lookUp(pages: readonly Pages[], lookups: readonly Lookup[]): number[] {
    const found = new Set<number>()
    for (const [i, { column, texts }] of lookups.entries()) {
      const own = pages[i]
      assert(own !== undefined, 'A column was opened for each lookup.')
      const numbers =
        column.kind === 'name'
          ? findInLines(own, texts)
          : findInRuns(own, Uint32Array.from(texts, (text) => this.#hashOf(text)).sort())
      for (const number of numbers) found.add(number)
    }
    return [...Uint32Array.from(found).sort()]
  }

  #hashOf(text: string): number {
    const bytes = Buffer.from(text)
    return this.#hash.hash(bytes, bytes.length)
  }

  /** Pages for each lookup; `undefined` when they are neither there nor can be made. */
  async #openAll(placed: PlacedSegment, asked: Asked): Promise<Pages[] | undefined> {
    const { at, columns, lookups } = asked
    const names = lookups.map(({ column }) => this.#nameOf(placed, at, column))
    for (const name of names) await this.#open(name)
    if (names.some((name) => !this.#opened.has(name))) {
      const missing: Column[] = []
      for (const column of columns) {
        if ((await this.#open(this.#nameOf(placed, at, column))) === undefined) missing.push(column)
      }
      if (!(await this.#make(placed, missing, asked))) return undefined
    }
    return names.flatMap((name) => this.#opened.get(name) ?? [])
  }

  async #open(name: string): Promise<Pages | undefined> {
    const pages = this.#opened.get(name) ?? (await this.#folder.open(name))
    if (pages !== undefined) this.#opened.set(name, pages)
    return pages
  }

  async #forget(placed: PlacedSegment, at: EntityAt, column: Column): Promise<void> {
    const name = this.#nameOf(placed, at, column)
    this.#opened.delete(name)
    await this.#folder.remove(name)
  }

  async #make(
    placed: PlacedSegment,
    columns: readonly Column[],
    { at, signal }: Asked,
  ): Promise<boolean> {
    const { versionCount } = placed.ref
    const build = { at, hash: this.#hash, signal }
    if (versionCount <= this.#smallVersions) {
      const made = columns.map((column) => ({ column, sink: new MemoryPages() }))
      await buildIndex(this.#deps, placed, { ...build, columns: made, onRows: () => {} })
      for (const { column, sink } of made) this.#opened.set(this.#nameOf(placed, at, column), sink)
      return true
    }
    const bytes = columns.reduce((sum, { kind }) => {
      return sum + versionCount * (kind === 'name' ? NAME_BYTES : ENTRY_BYTES)
    }, 0)
    const made: { readonly column: Column; readonly sink: SealedPageWriter }[] = []
    await using rest = new AsyncDisposableStack()
    try {
      if (!(await this.#folder.makeRoom(bytes))) return this.#turnOff()
      for (const column of columns) {
        const sink = rest.use(await this.#folder.create(this.#nameOf(placed, at, column)))
        made.push({ column, sink })
      }
    } catch {
      return this.#turnOff()
    }
    const { progress } = this.#options
    progress?.begin({ label: `Indexing ${placed.ref.entity}`, rows: versionCount })
    const onRows = (rows: number) => progress?.add({ rows })
    try {
      await buildIndex(this.#deps, placed, { ...build, columns: made, onRows })
      for (const { sink } of made) await sink.finish()
    } catch (error) {
      if (!isFull(error)) throw error
      return this.#turnOff()
    } finally {
      progress?.end()
    }
    for (const { column } of made) await this.#open(this.#nameOf(placed, at, column))
    return made.every(({ column }) => this.#opened.has(this.#nameOf(placed, at, column)))
  }

  /** What cannot be made now is not tried again for the next entity. */
  #turnOff(): false {
    this.#isOff = true
    return false
  }

  /** Fields that a segment's rows do not have yet hold the same in all of them. */
  #nameOf({ ref }: PlacedSegment, { schema, schemas }: EntityAt, { fields, kind }: Column): string {
    const stored = schemas.get(ref.schema)?.fields ?? []
    const columns = fields.map((name) => {
      const field = schema.fields.find((one) => one.name === name)
      assert(field !== undefined, 'A column is of fields of its entity.')
      const isStored = stored.some(({ id }) => id === field.id)
      return isStored ? [field.id] : [field.id, field.missing]
    })
    const { keyring, keys } = ref
    return this.#folder.nameOf([FORMAT, keyring, keys.sha256, kind, columns])
  }
}

type Asked = {
  readonly at: EntityAt
  readonly columns: readonly Column[]
  readonly lookups: readonly Lookup[]
  readonly signal: AbortSignal
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'ENOENT'].includes(String(code))
}

/** Without those that are the same as one before. */
export function distinctColumns(columns: readonly Column[]): Column[] {
  return columns.filter((one, i) => columns.findIndex((other) => isSameColumn(one, other)) === i)
}
