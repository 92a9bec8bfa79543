import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { CreatePlan, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import { changeRecords } from './change-records.ts'
import { createEntity } from './create-entity.ts'
import { translateFailure } from './file-failure.ts'
import type { FilesCut, FilesCutDeps } from './files-cut.ts'
import { findOpened } from './open-folder.ts'
import { readBatches } from './read-batches.ts'
import { refuseTouched } from './refuse-touched.ts'
import { scanEntity } from './scan-entity.ts'
import { settingsOf } from './settings.ts'
import { commitMoves, type Move, openWorkFolder, type WorkFolder } from './work-folder.ts'
import { takeOver, typeFields, type WrittenEntity } from './written-entity.ts'

type FilesWriteParts = FilesCutDeps & {
  readonly folder: string
  readonly schemas: readonly SchemaVersion[]
  readonly signal: AbortSignal
}

/** Rows that one pass over the files looks for, and what their texts may take in memory. */
const WANTED_ROWS_MAX = 200_000
const WANTED_UNITS_MAX = 32 * 1_048_576

/**
 * The one transaction of a restore into a folder. Every file that changes is written anew beside the
 * others, and all of them take their places at the commit. A file that nothing is done to stays as it
 * is; in one that is rewritten, records that nothing is done to keep their bytes.
 */
export class FilesWrite implements TargetWrite {
  readonly #cut: FilesCut
  readonly #parts: FilesWriteParts
  readonly #entities = new Map<EntityName, WrittenEntity>()
  readonly #schemas: Map<EntityName, SchemaVersion>
  #work: Promise<WorkFolder> | undefined

  constructor(cut: FilesCut, parts: FilesWriteParts) {
    this.#cut = cut
    this.#parts = parts
    this.#schemas = new Map(parts.schemas.map((schema) => [schema.entity, schema]))
  }

  async createTables({ schemas }: CreatePlan): Promise<readonly LeftOut[]> {
    for (const schema of schemas) {
      const { entity } = schema
      if (findOpened(this.#cut.opened, entity) !== undefined || this.#entities.has(entity)) {
        const message = `Cannot create "${entity}": the target has files of it already`
        throw new AppError('connector.target-changed', message, { entity })
      }
      this.#schemas.set(entity, schema)
      const settings = settingsOf(this.#parts.settings, entity)
      this.#entities.set(entity, await createEntity(schema, settings, await this.#openWork()))
    }
    return []
  }

  async finishTables(): Promise<readonly LeftOut[]> {
    return []
  }

  /** Files refer to nothing. */
  async deferForeignKeys(): Promise<boolean> {
    return true
  }

  async insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    const written = await this.#open(entity, fields)
    const types = typeFields(written, this.#schemas.get(entity), fields)
    const { signal } = this.#parts
    return await this.#translating(entity, async () => {
      let count = 0
      for await (const values of readBatches(rows, fields.length, signal)) {
        await written.append(fields, types, { values, signal })
        count += 1
      }
      return count
    })
  }

  async updateRows(entity: EntityName, keyed: KeyedRows): Promise<number> {
    return await this.#change(entity, keyed, 'update')
  }

  async deleteRows(entity: EntityName, keyed: KeyedRows): Promise<number> {
    return await this.#change(entity, keyed, 'delete')
  }

  async *scan(
    described: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const written = this.#entities.get(described.entity)
    if (written === undefined) yield* this.#cut.scan(described, fields, signal)
    else {
      await using read = await written.reopen(signal)
      yield* scanEntity(read, { described, fields, pace: this.#parts.pace }, signal)
    }
  }

  async commit(): Promise<void> {
    const { folder, signal } = this.#parts
    signal.throwIfAborted()
    const moves: Move[] = []
    for (const written of this.#entities.values()) {
      for (const { path, to } of await written.finish(signal)) {
        moves.push({ from: basename(path), to })
      }
    }
    await refuseTouched(folder, this.#cut.opened)
    if (moves.length === 0) return
    const work = await this.#openWork()
    await this.#translating(folder, () => commitMoves(work, moves))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const written of this.#entities.values()) await written[Symbol.asyncDispose]()
    await this.#cut[Symbol.asyncDispose]()
    const work = await this.#work?.catch(() => undefined)
    if (work !== undefined) await rm(work.path, { recursive: true, force: true })
  }

  /** In passes, each of them over all records of the entity. */
  async #change(entity: EntityName, keyed: KeyedRows, op: 'update' | 'delete'): Promise<number> {
    const written = await this.#open(entity, keyed.fields)
    const types = typeFields(written, this.#schemas.get(entity), keyed.fields)
    const { signal } = this.#parts
    return await this.#translating(entity, async () => {
      let wanted: string[][] = []
      let units = 0
      let count = 0
      const pass = async () => {
        if (wanted.length > 0) await changeRecords(written, { ...keyed, op, types, wanted }, signal)
        count += wanted.length
        wanted = []
        units = 0
      }
      for await (const values of readBatches(keyed.rows, keyed.fields.length, signal)) {
        wanted.push(values)
        for (const value of values) units += value.length
        if (wanted.length >= WANTED_ROWS_MAX || units >= WANTED_UNITS_MAX) await pass()
      }
      await pass()
      return count
    })
  }

  async #open(entity: EntityName, fields: readonly string[]): Promise<WrittenEntity> {
    let written = this.#entities.get(entity)
    if (written === undefined) {
      const opened = findOpened(this.#cut.opened, entity)
      if (opened === undefined) throw lacks(entity, 'file of this name')
      written = takeOver(await this.#cut.readEntity(opened), await this.#openWork())
      this.#entities.set(entity, written)
    }
    const { names } = written
    const missing = fields.find((field) => !names.includes(field))
    if (missing !== undefined) throw lacks(entity, `field ${missing}`)
    return written
  }

  async #openWork(): Promise<WorkFolder> {
    this.#work ??= openWorkFolder(this.#parts.folder)
    return await this.#translating(this.#parts.folder, () => this.#work as Promise<WorkFolder>)
  }

  async #translating<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw translateFailure(error, `write to "${what}"`, 'connector.write-failed')
    }
  }
}

function lacks(entity: EntityName, what: string): AppError {
  const message = `Cannot write to "${entity}": the target has no ${what}`
  return new AppError('connector.target-changed', message, { entity })
}
