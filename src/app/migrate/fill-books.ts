import type { NextKey } from '#connector/connector'
import { entityAt } from '#history/entity-at'
import type { Book, FindKey, KeyBooks } from '#migrate/key-book'
import type { MappedEntity } from '#migrate/map-entities'
import type { MappedPart } from '#migrate/open-rule'
import type { EntityName } from '#record/entity-name'
import type { CompareDeps } from '#restore/compare-target'
import { CROSSWALK_LINES_MAX, type CrosswalkLine } from '#restore/crosswalk'
import { giveNumbers } from '#restore/mint-keys'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { FoundPoint } from '../points/find-point.ts'
import { readRecords } from '../points/read-records.ts'

/** What records of a source are called in a target, and what others are going to be. */
export type MigrationKeys = {
  /** What earlier restores wrote down. */
  readonly find: FindKey
  /** The next number that the target gives to a record of its entity. */
  readNextKey(entity: EntityName): Promise<NextKey>
}

export type GivenNumbers = {
  readonly lines: readonly CrosswalkLine[]
  /** Of each entity that gets new records, the highest. */
  readonly numbers: ReadonlyMap<EntityName, bigint>
}

type ReadDeps = Pick<CompareDeps, 'progress' | 'read'>

type Filling = {
  readonly books: KeyBooks
  readonly entities: readonly MappedEntity[]
  readonly found: FoundPoint
  readonly keys: MigrationKeys | undefined
}

/**
 * Finds out what records are called in the target, as far as rows ask for it: numbers those that the
 * target numbers and was not given yet, in the order of their keys at the point, and reads the keys of
 * those that keep theirs. Holds the keys.
 *
 * @throws restore.key-unmintable | restore.keys-many
 */
export async function fillBooks(
  { read }: CompareDeps,
  filling: Filling,
  signal: AbortSignal,
): Promise<GivenNumbers> {
  // What is read here is read again when it is mapped, and told then.
  const deps = { read, progress: () => {} }
  const { books, entities, keys } = filling
  const lines: CrosswalkLine[] = []
  const numbers = new Map<EntityName, bigint>()
  for (const { parts, schema } of entities) {
    const minted = parts.filter(({ isMinted }) => isMinted)
    if (minted.length === 0) continue
    assert(keys !== undefined, 'Who maps by new keys says where they come from.')
    const { entity } = schema
    const fresh = await listFresh(deps, filling, { minted, entity }, signal)
    if (fresh.size === 0) continue
    const { byOld, last } = giveNumbers(fresh.keys(), await keys.readNextKey(entity))
    numbers.set(entity, last)
    for (const [from, own] of Map.groupBy(fresh.values(), (one) => one.from)) {
      const given = own.map(({ key, name }) => [key, byOld.get(name) ?? ''] as const)
      books.add({ from, entity }, new Map(given))
      for (const [key, targetKey] of given)
        lines.push(lineOf(filling, { from, entity }, { key, targetKey }))
    }
    refuseMany(lines.length)
  }
  for (const { parts } of entities) {
    for (const book of parts.flatMap((part) => part.books))
      await fillKept(deps, filling, { book, within: [] }, signal)
  }
  return { lines, numbers }
}

function lineOf(
  { found: { source } }: Filling,
  { entity: targetEntity, from: entity }: Book,
  { key, targetKey }: { readonly key: string; readonly targetKey: string },
): CrosswalkLine {
  return { source, entity, key, targetEntity, targetKey }
}

type Fresh = { readonly name: string; readonly from: EntityName; readonly key: string }

/** Records that the target has no number for, by name, in the order of the file and of their keys. */
async function listFresh(
  deps: ReadDeps,
  { books, found: { point, state } }: Filling,
  { entity, minted }: { readonly entity: EntityName; readonly minted: readonly MappedPart[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Fresh>> {
  const fresh = new Map<string, Fresh>()
  for (const part of minted) {
    const { from } = part
    for await (const record of readRecords(deps, entityAt(state, point, from), signal)) {
      if (!part.isMeant(record)) continue
      const key = record.address()
      const name = `${from}:${key}`
      if (books.findKnown({ from, entity }, key) === undefined) fresh.set(name, { name, from, key })
      refuseMany(fresh.size)
    }
  }
  return fresh
}

/** Of records that keep the keys of the file: what those are. Keys of others that they hold come first. */
async function fillKept(
  deps: ReadDeps,
  filling: Filling,
  { book, within }: { readonly book: Book; readonly within: readonly Book[] },
  signal: AbortSignal,
): Promise<void> {
  const { books, entities, found } = filling
  const into = entities.find(({ schema }) => schema.entity === book.entity)
  const parts = into?.parts.filter(({ from, isMinted }) => from === book.from && !isMinted) ?? []
  if (books.has(book) || parts.length === 0) return
  if (within.some((one) => one.entity === book.entity && one.from === book.from))
    throw inCircles(book)
  for (const inner of parts.flatMap(({ keyBooks }) => keyBooks))
    await fillKept(deps, filling, { book: inner, within: [...within, book] }, signal)
  const keys = new Map<string, string>()
  for (const part of parts) {
    const at = entityAt(found.state, found.point, part.from)
    for await (const record of readRecords(deps, at, signal)) {
      const key = part.isMeant(record) ? part.mapKey(record) : null
      if (key !== null) keys.set(record.address(), key)
      refuseMany(keys.size)
    }
  }
  books.add(book, keys)
}

function refuseMany(count: number): void {
  if (count <= CROSSWALK_LINES_MAX) return
  const found = `found more than ${CROSSWALK_LINES_MAX} records whose keys are looked up`
  throw new AppError('restore.keys-many', `Cannot migrate: ${found}, need several restores`)
}

function inCircles({ entity, from }: Book): AppError {
  const found = `the key of ${from} in ${entity} is made of itself`
  return new AppError('migrate.mapping-unfit', `Cannot migrate: ${found}`, { entity, from })
}
