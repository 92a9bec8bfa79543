import { createHash } from 'node:crypto'
import type { Cut } from '#record/cut'
import { type EntityName, parseEntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Clock } from '#stdx/clock'
import type { Doubt, EntityBefore, SourceCut } from '../connector.ts'
import type { Pace } from '../pace.ts'
import { describeRead } from './describe-read.ts'
import { findDoubts } from './find-doubts.ts'
import {
  findOpened,
  identityOf,
  type OpenedEntity,
  type OpenedFolder,
  openFolder,
} from './open-folder.ts'
import { type ReadEntity, readEntity } from './read-entity.ts'
import { scanEntity } from './scan-entity.ts'
import { type FilesSettings, settingsOf } from './settings.ts'

export type FilesCutDeps = {
  readonly clock: Clock
  readonly pace: Pace
  readonly settings: FilesSettings
}

export async function openFilesCut(
  deps: FilesCutDeps,
  folder: string,
  signal: AbortSignal,
): Promise<FilesCut> {
  const time = new Date(deps.clock.nowMs()).toISOString()
  return new FilesCut(deps, { opened: await openFolder(folder), time }, signal)
}

/**
 * The files of a folder as they were when they were opened. One that gets another content under the
 * same name does not matter; one that is written to voids what reads it.
 *
 * An entity is read as a whole when something is asked about it first: what it is, how many records
 * it holds and what tells them apart stands nowhere else.
 */
export class FilesCut implements SourceCut {
  readonly opened: OpenedFolder
  readonly #deps: FilesCutDeps
  readonly #time: string
  readonly #signal: AbortSignal
  readonly #read = new Map<EntityName, Promise<ReadEntity>>()
  readonly #sha256ByLabel = new Map<string, string>()

  constructor(
    deps: FilesCutDeps,
    { opened, time }: { opened: OpenedFolder; time: string },
    signal: AbortSignal,
  ) {
    this.opened = opened
    this.#deps = deps
    this.#time = time
    this.#signal = signal
  }

  /** The position takes in the contents of the files that were read so far. */
  get cut(): Cut {
    const files = this.opened.entities.flatMap((one) =>
      one.files.map(({ label, stamp }) => {
        const { file, modifiedNs, sizeBytes } = stamp
        return {
          label,
          file,
          modifiedNs,
          sizeBytes,
          sha256: this.#sha256ByLabel.get(label) ?? null,
        }
      }),
    )
    const position = createHash('sha256').update(formatCanonicalJson(files)).digest('hex')
    return { position, time: this.#time, identity: identityOf(this.opened.folder) }
  }

  async readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    const entities: DescribedEntity[] = []
    for (const one of this.opened.entities) {
      const { entity } = one.listed
      if (one.unreadable === null && mayRead(entity)) {
        entities.push(describeRead(await this.readEntity(one)))
      } else entities.push(describeUnread(this.opened.folder, one))
    }
    const notRestored = this.opened.ignored.map((name) => ({ kind: 'file', name }))
    return { entities, definition: null, sequences: {}, notRestored }
  }

  async estimateRows(isCounted: (entity: EntityName) => boolean): Promise<number> {
    let rows = 0
    for (const one of this.opened.entities) {
      if (one.unreadable !== null || !isCounted(one.listed.entity)) continue
      rows += (await this.readEntity(one)).rowCount
    }
    return rows
  }

  async findDoubts(before: readonly EntityBefore[]): Promise<readonly Doubt[]> {
    const doubts: Doubt[] = []
    for (const one of before) {
      const opened = findOpened(this.opened, one.schema.entity)
      if (opened?.unreadable) continue
      const now = opened === undefined ? undefined : await this.readEntity(opened)
      doubts.push(...findDoubts(one, now, this.#deps.settings))
    }
    return [...doubts, ...this.#listIdle(before)]
  }

  /** A name that is declared and that no file has may be misspelt, and what is declared without effect. */
  #listIdle(before: readonly EntityBefore[]): Doubt[] {
    const known = new Set<string>([
      ...this.opened.entities.map(({ listed }) => listed.entity),
      ...before.map(({ schema }) => schema.entity),
    ])
    const declared = Object.keys(this.#deps.settings.entities).map(parseEntityName)
    return declared
      .filter((entity) => !known.has(entity))
      .map((entity) => ({ entity, found: 'no file of an entity that the configuration declares' }))
  }

  async *scan(
    described: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const opened = findOpened(this.opened, described.entity)
    if (opened === undefined) {
      const message = `Cannot scan "${described.entity}": found no file of it`
      throw new AppError('connector.scan-failed', message, { entity: described.entity })
    }
    const read = await this.readEntity(opened)
    yield* scanEntity(read, { described, fields, pace: this.#deps.pace }, signal)
  }

  readEntity({ files, listed }: OpenedEntity): Promise<ReadEntity> {
    const known = this.#read.get(listed.entity)
    if (known !== undefined) return known
    const settings = settingsOf(this.#deps.settings, listed.entity)
    const reading = readEntity(listed, files, settings, this.#signal).then((read) => {
      for (const { examined } of read.parts) {
        if (examined.sha256 !== undefined) {
          this.#sha256ByLabel.set(examined.file.label, examined.sha256)
        }
      }
      return read
    })
    // Whoever asked is told; nobody else waits for it.
    reading.catch(() => {})
    this.#read.set(listed.entity, reading)
    return reading
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened[Symbol.asyncDispose]()
  }
}

/** An entity of which only the name counts, or that may not be read. */
function describeUnread(folder: string, { listed, unreadable }: OpenedEntity): DescribedEntity {
  const path = `${folder}/${unreadable}`.replaceAll("'", `'\\''`)
  return {
    entity: listed.entity,
    sourceId: null,
    fields: [],
    key: null,
    foreignKeys: [],
    definition: null,
    scanOrder: 'none',
    missingGrant: unreadable === null ? null : `chmod u+r '${path}'`,
  }
}
