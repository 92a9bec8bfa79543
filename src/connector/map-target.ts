import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import type { TranslateValue } from '#record/translate-rows'
import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { NextKey, Source, SourceCut, Target } from './connector.ts'
import type { Counter } from './counter.ts'
import { MappedWrite } from './mapping/mapped-write.ts'
import { PLATFORMS } from './mapping/platforms.ts'
import { type ResolvedEntity, resolveEntity, toTargetText } from './mapping/resolve-entity.ts'
import { scanMapped } from './mapping/scan-mapped.ts'
import type { PlatformMapping } from './mapping.ts'

/**
 * A system of another platform that reads and writes as if it were of the point's own: its tables
 * bear the point's names, its fields the point's types, and every value the point's text. So plans,
 * writes, reading back and verifying are the same as everywhere, and what does not survive the way
 * there and back is seen to differ.
 *
 * Tables that the mapping does not know are not shown.
 */
export function mapTarget(
  target: Target,
  mapping: PlatformMapping,
  schemas: readonly SchemaVersion[],
): MappedTarget {
  const known: KnownEntities = new Map()
  const source = mapSource(target, { mapping, schemas, known })
  return {
    ...source,
    holds: (entity, field) => {
      const named = { entity, field }
      const found = known.get(entity)?.fields.get(field)
      const mapped = found ?? mapping.entities.get(entity)?.fields.get(field)
      const value = mapped === undefined ? null : toTargetText(mapped, named)
      return (text) => value === null || isKept(value, text)
    },
    listSideEffects: async (writes, signal) => {
      const named = writes.map((one) => ({ ...one, entity: nameThere(mapping, one.entity) }))
      const effects = await target.listSideEffects(named, signal)
      return effects.map((effect) => ({ ...effect, entity: nameHere(mapping, effect.entity) }))
    },
    openWrite: async (signal, since, given = [], accepted = []) => {
      assert(
        since === undefined || since instanceof MappedCut,
        'A cut is of the target it came from.',
      )
      const own = given.flatMap(({ entity }) => mapping.entities.get(entity)?.schema ?? [])
      const there = accepted.map((effect) => ({
        ...effect,
        entity: effect.entity === null ? null : nameThere(mapping, effect.entity),
      }))
      // What is there may be of other types than what would be made: the target describes it itself.
      const made = own.filter(({ entity }) => !isKnown(known, entity))
      const write = await target.openWrite(signal, since?.inner, made, there)
      return new MappedWrite(write, { known, mapping, signal })
    },
  }
}

export type MappedTarget = Target & {
  /** Whether a field there holds a value of the point: as the table is, or as it would be made. */
  holds(entity: EntityName, field: string): (text: string) => boolean
}

function isKept(value: NonNullable<TranslateValue>, text: string): boolean {
  try {
    value(text)
    return true
  } catch (error) {
    if (isAppError(error, 'connector.value-refused')) return false
    throw error
  }
}

/** What was found of each entity of the point when the catalogue was read last. */
type KnownEntities = Map<EntityName, ResolvedEntity>

type Mapping = {
  readonly mapping: PlatformMapping
  readonly schemas: readonly SchemaVersion[]
  readonly known?: KnownEntities
}

/** The same for a system that is only read. */
export function mapSource(
  source: Source,
  { known = new Map(), mapping, schemas }: Mapping,
): Source {
  return {
    identity: source.identity,
    openCut: async (signal) =>
      new MappedCut(await source.openCut(signal), { known, mapping, schemas }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

function isKnown(known: KnownEntities, entity: EntityName): boolean {
  return known.values().some(({ described }) => described.entity === entity)
}

function nameThere({ entities }: PlatformMapping, entity: EntityName): EntityName {
  return entities.get(entity)?.schema.entity ?? entity
}

function nameHere({ entities }: PlatformMapping, entity: EntityName | null): EntityName | null {
  for (const [here, { schema }] of entities) if (schema.entity === entity) return here
  return entity
}

class MappedCut implements SourceCut {
  readonly inner: SourceCut
  readonly cut: SourceCut['cut']
  readonly #mapping: PlatformMapping
  readonly #schemas: readonly SchemaVersion[]
  readonly #known: KnownEntities

  constructor(inner: SourceCut, { known, mapping, schemas }: Required<Mapping>) {
    this.inner = inner
    this.cut = inner.cut
    this.#mapping = mapping
    this.#schemas = schemas
    this.#known = known
  }

  async readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    const to = PLATFORMS[this.#mapping.to]
    assert(to !== undefined, 'The platform of a mapping is known.')
    const hereByThere = new Map(
      this.#schemas.map((schema) => [nameThere(this.#mapping, schema.entity), schema]),
    )
    const catalogue = await this.inner.readCatalogue((entity) => {
      const schema = hereByThere.get(entity)
      return schema !== undefined && mayRead(schema.entity)
    })
    const { definition } = catalogue
    this.#known.clear()
    for (const described of catalogue.entities) {
      const schema = hereByThere.get(described.entity)
      const mapped = schema === undefined ? undefined : this.#mapping.entities.get(schema.entity)
      if (schema === undefined || mapped === undefined) continue
      this.#known.set(schema.entity, resolveEntity(mapped, schema, { definition, described, to }))
    }
    const entities = [...this.#known.values()].map(({ shown }) => shown)
    return { entities, definition: {}, sequences: {}, notRestored: [] }
  }

  async readNextKey({ entity }: DescribedEntity): Promise<NextKey | null> {
    const resolved = this.#known.get(entity)
    assert(resolved !== undefined, 'What is numbered was described.')
    return (await this.inner.readNextKey?.(resolved.described)) ?? null
  }

  async readCounters({ entity }: DescribedEntity): Promise<readonly Counter[]> {
    const resolved = this.#known.get(entity)
    assert(resolved !== undefined, 'What is counted was described.')
    return (await this.inner.readCounters?.(resolved.described)) ?? []
  }

  scan(
    { entity }: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    const resolved = this.#known.get(entity)
    assert(resolved !== undefined, 'What is scanned was described.')
    return scanMapped(this.inner, resolved, fields, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]()
  }
}
