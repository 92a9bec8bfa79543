import type { DatabaseSync } from 'node:sqlite'
import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Clock } from '#stdx/clock'
import type { NextKey, SourceCut } from '../connector.ts'
import type { Counter } from '../counter.ts'
import type { Pace } from '../pace.ts'
import { readCounters } from './counters.ts'
import { readNextKey } from './next-key.ts'
import { type ReadingDatabase, readIdentity, readPosition } from './open-database.ts'
import { readCatalogue } from './read-catalogue.ts'
import { scanTable } from './scan-table.ts'

/** A writer that commits between two looks at the position is rarely there twice in a row. */
const ATTEMPTS_MAX = 10

export type OpenCutDeps = { readonly clock: Clock; readonly pace: Pace }

type SqliteCutParts = {
  readonly path: string
  readonly pace: Pace
  readonly reading: ReadingDatabase
}

export function openSqliteCut(
  { clock, pace }: OpenCutDeps,
  path: string,
  open: (path: string) => ReadingDatabase,
): SqliteCut {
  for (let attempt = 1; ; attempt++) {
    const identity = readIdentity(path)
    const before = readPosition(path)
    const reading = open(path)
    const position = readPosition(path)
    if (before === position || attempt === ATTEMPTS_MAX) {
      const time = new Date(clock.nowMs()).toISOString()
      return new SqliteCut({ path, pace, reading }, { position, time, identity })
    }
    reading.db.close()
  }
}

/**
 * One connection in one read transaction. SQLite runs in our thread, so more connections would read
 * no faster; scans that run at the same time take turns, a batch each.
 */
export class SqliteCut implements SourceCut {
  readonly cut: Cut
  readonly #path: string
  readonly #pace: Pace
  readonly #isGuarded: boolean
  #db: DatabaseSync | undefined

  constructor({ path, pace, reading }: SqliteCutParts, cut: Cut) {
    this.#path = path
    this.#pace = pace
    this.#isGuarded = reading.isGuarded
    this.#db = reading.db
    this.cut = cut
  }

  async readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    return readCatalogue(this.#openDb(), mayRead)
  }

  async readNextKey(entity: DescribedEntity): Promise<NextKey | null> {
    return readNextKey(this.#openDb(), entity)
  }

  async readCounters(entity: DescribedEntity): Promise<readonly Counter[]> {
    return readCounters(this.#openDb(), entity)
  }

  async *scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    yield* scanTable({ db: this.#openDb(), pace: this.#pace }, entity, fields, signal)
    if (!this.#isGuarded && readPosition(this.#path) !== this.cut.position) {
      const found = 'found the file changed while it was read'
      const message = `Cannot scan "${entity.entity}": ${found}, need it at rest or writable`
      throw new AppError('connector.scan-failed', message, { entity: entity.entity })
    }
  }

  /** Hands the transaction to a writer that goes on with it. The cut is closed then. */
  takeDatabase(): DatabaseSync {
    const db = this.#openDb()
    this.#db = undefined
    return db
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db?.close()
    this.#db = undefined
  }

  #openDb(): DatabaseSync {
    assert(this.#db !== undefined, 'A cut is read while it is open.')
    return this.#db
  }
}
