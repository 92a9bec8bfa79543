import type { FeedBegin, FeedChanges, FeedCommit } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { SegmentRef } from '#segment/segment'
import { assert } from '#stdx/assert'
import { collect, mapConcurrent } from '#stdx/streams'
import type { EntityAtPoint, Transaction } from '#timeline/entry'
import { restartSchema } from '../plan-entities.ts'
import {
  type Counts,
  countOps,
  EntityGathering,
  type EntityGatheringDeps,
} from './entity-gathering.ts'
import type { FollowedEntities, FollowedEntity } from './followed-entities.ts'
import { changesBytes } from './joined-changes.ts'

export type GatheringOptions = {
  readonly source: string
  readonly session: string
  readonly memoryBytesMax: number
  readonly signal: AbortSignal
}

/** What an entry will say. */
export type Gathered = {
  /** In order of name: all of which anything was told since the newest scan. */
  readonly entities: readonly EntityAtPoint[]
  /** As they are behind it. */
  readonly followed: FollowedEntities
  readonly schemas: readonly SchemaVersion[]
  readonly segments: readonly SegmentRef[]
  readonly transactions: readonly Transaction[]
}

/** Entities whose segments are finished at a time. */
const WRITERS_MAX = 8

/** What one transaction did so far. */
type Open = { readonly begin: FeedBegin; readonly counts: Map<EntityName, Counts> }
type Closed = { readonly commit: FeedCommit; readonly counts: ReadonlyMap<EntityName, Counts> }

/** Of one entity: what becomes of it in this entry. */
type Touched = {
  schema: SchemaVersion
  /** Rows that went with a TRUNCATE. */
  truncated: number
  gathering: EntityGathering | undefined
}

/**
 * The transactions of one entry in the making: whole ones, numbered from 1 in the order of commits.
 * Holds the numbers of each transaction, and of each entity what its sort holds. One schema version
 * an entity: what changes it begins a new entry, which is up to the caller.
 */
export class Gathering {
  readonly #deps: EntityGatheringDeps
  readonly #before: FollowedEntities
  readonly #options: GatheringOptions
  readonly #touched = new Map<EntityName, Touched>()
  #schemas: SchemaVersion[] = []
  readonly #closed: Closed[] = []
  #open: Open | undefined
  #number = 0
  #bytes = 0

  /** @param before the entities as they are at the newest point */
  constructor(deps: EntityGatheringDeps, before: FollowedEntities, options: GatheringOptions) {
    this.#deps = deps
    this.#before = before
    this.#options = options
  }

  /** Whole transactions in it. */
  get count(): number {
    return this.#closed.length
  }

  /** Of row text, in it. */
  get bytes(): number {
    return this.#bytes
  }

  get last(): FeedCommit | undefined {
    return this.#closed.at(-1)?.commit
  }

  /** Whether there is anything to commit. */
  get isEmpty(): boolean {
    return this.#closed.length === 0 && this.#touched.size === 0
  }

  begin(begin: FeedBegin): void {
    assert(this.#open === undefined, 'A transaction begins when the one before has ended.')
    this.#open = { begin, counts: new Map() }
  }

  /** Takes over the batch. @returns what to wait for before anything else is added, if anything */
  add(changes: FeedChanges): Promise<void> | undefined {
    const open = this.#open
    assert(open !== undefined, 'Changes belong to a transaction.')
    this.#bytes += changesBytes(changes)
    const counts = countOps(changes.ops)
    const sum = open.counts.get(changes.entity)
    open.counts.set(changes.entity, sum === undefined ? counts : addCounts(sum, counts))
    return this.#gatheringOf(changes.entity).add(changes, this.#closed.length + 1, counts)
  }

  /** All records of an entity are gone: what follows is another generation of it. */
  async truncate(entity: EntityName): Promise<void> {
    const open = this.#open
    assert(open !== undefined && this.count === 0, 'A TRUNCATE is in the first transaction.')
    const { rows } = this.#known(entity)
    await this.#dropRows(entity)
    const schema = this.#schemaOf(entity)
    this.#setSchema(entity, restartSchema(schema, schema))
    this.#touch(entity).truncated = rows
    open.counts.set(entity, { inserted: 0, updated: 0, deleted: rows })
  }

  /** Whether rows of the entity were added. */
  hasRowsOf(entity: EntityName): boolean {
    return this.#touched.get(entity)?.gathering !== undefined
  }

  /** The schema version under which rows of an entity are added. */
  schemaOf(entity: EntityName): SchemaVersion | undefined {
    return this.#before.has(entity) ? this.#schemaOf(entity) : undefined
  }

  /** Rows that come are under this schema version, which goes on from the one before. */
  evolve(schema: SchemaVersion): void {
    assert(!this.hasRowsOf(schema.entity), 'Rows of an entry are under one schema version.')
    this.#setSchema(schema.entity, schema)
  }

  /**
   * Drops what the transaction that is open did to an entity, a TRUNCATE too; nothing else is in the
   * entry yet.
   */
  async forget(entity: EntityName): Promise<void> {
    await this.#dropRows(entity)
    this.#touched.delete(entity)
    this.#schemas = this.#schemas.filter((schema) => schema.entity !== entity)
  }

  commit(commit: FeedCommit): void {
    const open = this.#open
    assert(open !== undefined, 'A transaction ends after it began.')
    this.#closed.push({ commit, counts: open.counts })
    this.#open = undefined
  }

  /** The entities as they are behind it, once nothing more is added. */
  after(): FollowedEntities {
    assert(this.#open === undefined, 'What is committed are whole transactions.')
    const followed = new Map(this.#before)
    for (const [entity, touched] of this.#touched)
      followed.set(entity, this.#after(entity, touched))
    return followed
  }

  /** Writes all of it, durable and visible to nobody. */
  async finish(): Promise<Gathered> {
    const followed = this.after()
    const segments = await this.#finishAll()
    const entities = [...followed]
      .filter(([, { isTold }]) => isTold)
      .map(([entity, after]) => this.#describe(entity, after))
      .toSorted((a, b) => (a.entity < b.entity ? -1 : 1))
    const indexes = new Map(entities.map(({ entity }, index) => [entity, index]))
    const transactions = this.#closed.map((closed) => describeTransaction(closed, indexes))
    return { entities, followed, schemas: this.#schemas, segments, transactions }
  }

  /** Takes back what was not finished. */
  async discard(): Promise<void> {
    const gatherings = [...this.#touched.values()].flatMap(({ gathering }) => gathering ?? [])
    await Promise.all(gatherings.map((gathering) => gathering.discard()))
  }

  /** Several at a time: most of it is waiting for the stores. */
  async #finishAll(): Promise<SegmentRef[]> {
    const all = [...this.#touched.values()].flatMap(({ gathering }) => gathering ?? [])
    const finished = mapConcurrent(all, WRITERS_MAX, (gathering) => gathering.finish())
    return (await collect(finished)).flat()
  }

  #gatheringOf(entity: EntityName): EntityGathering {
    const touched = this.#touch(entity)
    touched.gathering ??= new EntityGathering(this.#deps, {
      ...this.#options,
      schema: touched.schema,
      allocateNumber: () => this.#number++,
    })
    return touched.gathering
  }

  #touch(entity: EntityName): Touched {
    const known = this.#touched.get(entity)
    if (known !== undefined) return known
    const { schema } = this.#known(entity)
    const touched = { schema, truncated: 0, gathering: undefined }
    this.#touched.set(entity, touched)
    return touched
  }

  async #dropRows(entity: EntityName): Promise<void> {
    const touched = this.#touched.get(entity)
    this.#open?.counts.delete(entity)
    await touched?.gathering?.discard()
    if (touched !== undefined) touched.gathering = undefined
  }

  #setSchema(entity: EntityName, schema: SchemaVersion): void {
    this.#touch(entity).schema = schema
    this.#schemas.push(schema)
  }

  #schemaOf(entity: EntityName): SchemaVersion {
    return this.#touched.get(entity)?.schema ?? this.#known(entity).schema
  }

  #known(entity: EntityName): FollowedEntity {
    const known = this.#before.get(entity)
    assert(known !== undefined, 'What is told of is at the newest point.')
    return known
  }

  #after(entity: EntityName, { gathering, schema, truncated }: Touched): FollowedEntity {
    const { fingerprint, rows } = this.#known(entity)
    const { deleted = 0, inserted = 0 } = gathering?.counts ?? {}
    const isChanged = gathering !== undefined || truncated > 0
    return {
      schema,
      rows: rows - truncated + inserted - deleted,
      fingerprint: isChanged ? null : fingerprint,
      isTold: true,
    }
  }

  #describe(entity: EntityName, { fingerprint, rows, schema }: FollowedEntity): EntityAtPoint {
    const { gathering, truncated = 0 } = this.#touched.get(entity) ?? {}
    const { deleted = 0, inserted = 0, updated = 0 } = gathering?.counts ?? {}
    const { generation, version } = schema
    const counts = { inserted, updated, deleted: deleted + truncated }
    return { entity, schema: version, generation, rows, ...counts, fingerprint }
  }
}

function describeTransaction(
  { commit, counts }: Closed,
  indexes: ReadonlyMap<EntityName, number>,
): Transaction {
  const { position, time, transaction } = commit
  const changes = [...counts].map(([entity, { deleted, inserted, updated }]) => {
    const index = indexes.get(entity)
    assert(index !== undefined, 'An entry lists every entity that it touches.')
    return [index, inserted, updated, deleted] as const
  })
  return { transaction, time, position, changes: changes.toSorted(([a], [b]) => a - b) }
}

function addCounts(a: Counts, b: Counts): Counts {
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
  }
}
