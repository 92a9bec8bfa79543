import type { MappedType } from '#connector/mapping'
import { readNeutralFields } from '#connector/neutral-fields'
import { type EntityAt, entityAt } from '#history/entity-at'
import { viewKey } from '#history/pair-versions'
import { KeyBooks } from '#migrate/key-book'
import { type MappedEntity, mapEntities } from '#migrate/map-entities'
import type { EntityRule, Mapping } from '#migrate/parse-mapping'
import { Refusals } from '#migrate/refusals'
import type { Sides } from '#migrate/sides'
import { formatKeyAddress, formatKeyValues } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { keyIndexes } from '#record/project'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { formatRow, parseField, parseRow, splitRow } from '#record/row-text'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import type { CompareDeps } from '#restore/compare-target'
import type { CrosswalkLine } from '#restore/crosswalk'
import type { OtherRows } from '#restore/row-mask'
import { RowSpool } from '#restore/row-spool'
import { scanRows } from '#restore/scan-rows'
import { toRowBatches } from '#segment/large-values'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { EntityAtPoint } from '#timeline/entry'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { FoundPoint } from '../points/find-point.ts'
import { readRecords } from '../points/read-records.ts'
import { fillBooks, type MigrationKeys } from './fill-books.ts'

/**
 * A point as a mapping file makes it: its entities, keys and fields are those of the target, as far as
 * the mapping names them. Rows lie sealed in temporary files, in key order, until it is disposed.
 */
export type MappedPoint = AsyncDisposable & {
  readonly found: FoundPoint
  /** What is filled, in the order of the mapping file. */
  readonly entities: readonly EntityAt[]
  /** The rows of `entities`; for `CompareDeps`. */
  readonly otherRows: OtherRows
  /** What the target has, `entities` so that what was written is read before it is committed. */
  readonly catalogue: Catalogue
  /** What becomes of every field; what is not exact says why. */
  readonly report: readonly MappedType[]
  /** What records are called in the target from then on, and the highest number of each entity. */
  readonly lines: readonly CrosswalkLine[]
  readonly numbers: ReadonlyMap<EntityName, bigint>
  /** Which records of the point the records of an entity are, in no order. */
  origins(entity: EntityName): AsyncIterable<Origin>
}

/** Keys are addresses. */
export type Origin = {
  /** In the target. */
  readonly key: string
  readonly from: EntityName
  readonly fromKey: string
}

export type PointToMap = {
  readonly found: FoundPoint
  readonly mapping: Mapping
  /** What records are called in the target; needed where the mapping says `mint` or `key-of`. */
  readonly keys?: MigrationKeys
  readonly target: {
    readonly name: string
    readonly connector: string
    /** Of all tables, so that what a mapping misspells is seen, and what rows need is looked for. */
    readonly catalogue: Catalogue
  }
}

/**
 * Maps all records of a point, before anything is compared or written. Holds some batches; reads the
 * entities that the mapping names whole.
 *
 * @throws migrate.mapping-unfit | migrate.value-refused | migrate.key-met | app.other-platform
 */
export async function mapPoint(
  deps: CompareDeps,
  { found, keys, mapping, target }: PointToMap,
  signal: AbortSignal,
): Promise<MappedPoint> {
  const sides = readSides(found, mapping, target)
  const books = new KeyBooks((book, key) => keys?.find(book, key))
  const { entities, report } = mapEntities(mapping, sides, (book, key) => books.find(book, key))
  const given = await fillBooks(deps, { books, entities, found, keys }, signal)
  await using stack = new AsyncDisposableStack()
  const refusals = new Refusals()
  const unsorted: MappedRows[] = []
  for (const entity of entities) {
    const spools = { rows: new RowSpool(deps), origins: new RowSpool(deps) }
    stack.use(spools.rows)
    stack.use(spools.origins)
    await mapRows(deps, found, { entity, refusals, ...spools }, signal)
    unsorted.push({ entity, ...spools })
  }
  refusals.throwIfAny(mapping.label)
  const rowsByEntity = new Map<EntityName, MappedRows>()
  for (const mapped of unsorted) {
    const rows = stack.use(await sortRows(deps, mapped, signal))
    rowsByEntity.set(mapped.entity.schema.entity, { ...mapped, rows })
    await mapped.rows[Symbol.asyncDispose]()
  }
  const asMapped = seeAsMapped(found, [...rowsByEntity.values()], target.catalogue)
  const { point, state } = asMapped
  const kept = stack.move()
  return {
    found: asMapped,
    entities: entities.map(({ schema }) => entityAt(state, point, schema.entity)),
    otherRows: {
      rowsOf({ schema }) {
        const rows = rowsByEntity.get(schema.entity)?.rows
        assert(rows !== undefined, 'Only mapped entities are compared and written.')
        return { rows: rows.read(), isOrdered: true }
      },
    },
    catalogue: {
      ...target.catalogue,
      entities: target.catalogue.entities.map((described) =>
        rowsByEntity.has(described.entity) ? { ...described, isTranslated: true } : described,
      ),
    },
    report,
    lines: given.lines,
    numbers: given.numbers,
    origins: (entity) => readOrigins(rowsByEntity.get(entity)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

type MappedRows = {
  readonly entity: MappedEntity
  readonly rows: RowSpool
  /** Rows of key, entity and key at the point. */
  readonly origins: RowSpool
}

function readSides(
  { point, source, state }: FoundPoint,
  mapping: Mapping,
  { catalogue, connector, name }: PointToMap['target'],
): Sides {
  const named = new Set(mapping.entities.flatMap(listRead))
  const all = point.entities.map(({ entity }) => entityAt(state, point, entity).schema)
  // Others are known by their names only.
  const schemas = all.filter(({ entity }) => named.has(entity))
  const { definition } = point.catalogue
  const tables = { schemas, definition, sequences: point.sequences }
  const fields = readNeutralFields(point.body.connector, tables)
  if (fields === null) throw unknownPlatform(point.body.connector)
  const nothing = new Map<string, never>()
  const there = readTarget(mapping, catalogue, connector)
  return {
    source: {
      name: source,
      entities: new Map(
        all.map((schema) => [
          schema.entity,
          { schema, fields: fields.get(schema.entity) ?? nothing },
        ]),
      ),
    },
    target: { name, entities: there },
  }
}

function readTarget(
  mapping: Mapping,
  { definition, entities, sequences }: Catalogue,
  connector: string,
): Sides['target']['entities'] {
  const named = listPlaces(mapping, entities)
  const described = entities.filter(({ entity }) => named.has(entity))
  const tables = { schemas: described.map(schemaOf), definition, sequences }
  const fields = readNeutralFields(connector, tables)
  if (fields === null) throw unknownPlatform(connector)
  const nothing = new Map<string, never>()
  return new Map(
    entities.map((one) => [
      one.entity,
      { described: one, fields: fields.get(one.entity) ?? nothing },
    ]),
  )
}

/** Entities of the source of which fields are read: by their values, or as keys. */
function listRead({ fields, from }: EntityRule): EntityName[] {
  return [from, ...fields.flatMap(({ how }) => (how.kind === 'key-of' ? [how.of] : []))]
}

/** Entities of the target that are filled, and those whose keys stand in their fields. */
function listPlaces(mapping: Mapping, entities: readonly DescribedEntity[]): Set<EntityName> {
  const filled = new Set(mapping.entities.map(({ entity }) => entity))
  const said = mapping.entities.flatMap(({ fields }) =>
    fields.flatMap(({ how }) => (how.kind === 'key-of' && how.in !== null ? [how.in] : [])),
  )
  const keys = entities.flatMap((one) => (filled.has(one.entity) ? one.foreignKeys : []))
  return new Set([...filled, ...said, ...keys.map(({ entity }) => entity)])
}

function schemaOf(described: DescribedEntity): SchemaVersion {
  return evolveSchema(undefined, described).schema
}

type MappingRows = MappedRows & { readonly refusals: Refusals }

async function mapRows(
  deps: CompareDeps,
  { point, state }: FoundPoint,
  { entity: { parts, schema }, origins, refusals, rows }: MappingRows,
  signal: AbortSignal,
): Promise<void> {
  const indexes = keyIndexes(schema)
  const encodings = schema.key.kind === 'fields' ? schema.key.encodings : []
  for (const { from, mapRow } of parts) {
    const at = entityAt(state, point, from)
    for await (const record of readRecords(deps, at, signal)) {
      const { address } = record
      const mapped = mapRow(record, (refusal) => refusals.add(refusal, `${from}:${address()}`))
      if (mapped === null) continue
      await append(rows, mapped)
      const texts = splitRow(mapped)
      const key = indexes.map((index) => parseField(texts[index] ?? '') ?? '')
      await append(origins, formatRow([formatKeyValues(key, encodings), from, address()]))
    }
  }
}

async function append(spool: RowSpool, row: string): Promise<void> {
  const bytes = Buffer.from(row, 'utf8')
  if (bytes.byteLength > LARGE_ROW_BYTES) await spool.appendLarge([bytes])
  else await spool.append(bytes)
}

function textOf(batch: RowBatch): string {
  const bytes = batch.kind === 'rows' ? batch.bytes : Buffer.concat(batch.parts)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** The same rows in key order. @throws migrate.key-met */
async function sortRows(
  deps: CompareDeps,
  mapped: MappedRows,
  signal: AbortSignal,
): Promise<RowSpool> {
  const { schema } = mapped.entity
  await using stack = new AsyncDisposableStack()
  const sorted = stack.use(new RowSpool(deps))
  let before: Uint8Array | null = null
  for await (const batch of scanRows(deps, schema, mapped.rows.read(), signal)) {
    for (let i = 0; i < batch.count; i++) {
      const key = viewKey(batch, i)
      if (before !== null && Buffer.compare(before, key) === 0)
        throw await keysMet(mapped, formatKeyAddress(key, schema.key))
      before = key
    }
    before = before?.slice() ?? null
    for await (const rows of toRowBatches(deps.read, batch, signal)) await appendBatch(sorted, rows)
  }
  stack.move()
  return sorted
}

async function appendBatch(spool: RowSpool, batch: RowBatch): Promise<void> {
  if (batch.kind === 'large') return await spool.appendLarge(batch.parts)
  const { bytes } = batch
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at) + 1
    await spool.append(bytes.subarray(at, end))
    at = end
  }
}

const NEWLINE = 0x0a

async function keysMet(mapped: MappedRows, key: string): Promise<AppError> {
  const { entity } = mapped.entity.schema
  const met: string[] = []
  for await (const origin of readOrigins(mapped)) {
    if (origin.key === key) met.push(`${origin.from}:${origin.fromKey}`)
  }
  const message = `Cannot migrate into "${entity}": found ${met.join(' and ')} with one key there, need one record of the point for each`
  return new AppError('migrate.key-met', message, { entity, records: met })
}

async function* readOrigins(
  mapped: MappedRows | undefined,
): AsyncGenerator<Origin, void, undefined> {
  for await (const batch of mapped?.origins.read() ?? []) {
    for (const line of textOf(batch).trimEnd().split('\n')) {
      const [key, from, fromKey] = parseRow(line)
      yield { key: key ?? '', from: (from ?? '') as EntityName, fromKey: fromKey ?? '' }
    }
  }
}

/** The timeline and the point as if what was mapped had been captured. */
function seeAsMapped(
  { point, source, state }: FoundPoint,
  mapped: readonly MappedRows[],
  catalogue: Catalogue,
): FoundPoint {
  const schemas = new Map(
    mapped.map(({ entity: { schema } }) => [schema.entity, [schema]] as const),
  )
  const facts = new Map(
    mapped.map(({ entity: { schema }, rows }) => [schema.entity, factsOf(schema, rows.rowCount)]),
  )
  // What mapped rows need may be any table of the target.
  for (const described of catalogue.entities) {
    if (facts.has(described.entity)) continue
    const schema = schemaOf(described)
    schemas.set(described.entity, [schema])
    facts.set(described.entity, factsOf(schema, 0))
  }
  const seen: Point = {
    ...point,
    catalogue: { ...point.catalogue, notRestored: [] },
    entities: mapped.flatMap(({ entity }) => facts.get(entity.schema.entity) ?? []),
    factsOf: (entity) => facts.get(entity),
    sequences: {},
  }
  const none: TimelineState['segments'] = new Map()
  return { source, state: { ...state, schemas, segments: none }, point: seen }
}

function factsOf({ entity, generation, version }: SchemaVersion, rows: number): EntityAtPoint {
  const counts = { rows, inserted: 0, updated: 0, deleted: 0 }
  return { entity, schema: version, generation, ...counts, fingerprint: null }
}

export function unknownPlatform(connector: string): AppError {
  const message = `Cannot migrate: found a system of the kind ${connector}, of which types are not known`
  return new AppError('app.other-platform', message)
}
