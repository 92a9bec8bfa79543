import { describeSchema } from '#record/describe-schema'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { CreatePlan, DeletedRows, KeyedRows, LeftOut, TargetWrite } from '../connector.ts'
import type { Counter } from '../counter.ts'
import { deleteTogether } from '../delete-together.ts'
import type { PlatformMapping } from '../mapping.ts'
import { translateOrRefuse } from './misfits.ts'
import { PLATFORMS } from './platforms.ts'
import type { ResolvedEntity } from './resolve-entity.ts'
import { RowSum, sumRows } from './row-sum.ts'
import { scanMapped } from './scan-mapped.ts'

type MappedWriteParts = {
  readonly known: ReadonlyMap<EntityName, ResolvedEntity>
  readonly mapping: PlatformMapping
  readonly signal: AbortSignal
}

type Created = {
  readonly resolved: ResolvedEntity
  readonly fields: readonly string[]
  readonly sum: RowSum
}

/**
 * The one transaction of a restore into another platform. Rows are translated on their way in, and
 * those of new tables are read before the commit and translated back: a value that became another
 * one is never committed.
 */
export class MappedWrite implements TargetWrite {
  readonly #inner: TargetWrite
  readonly #known: ReadonlyMap<EntityName, ResolvedEntity>
  readonly #mapping: PlatformMapping
  readonly #signal: AbortSignal
  readonly #created = new Map<EntityName, ResolvedEntity>()
  readonly #filled = new Map<EntityName, Created>()

  constructor(inner: TargetWrite, { known, mapping, signal }: MappedWriteParts) {
    this.#inner = inner
    this.#known = known
    this.#mapping = mapping
    this.#signal = signal
  }

  async claim(): Promise<void> {
    await this.#inner.claim?.()
  }

  leaveDangling(counts: ReadonlyMap<EntityName, number>): void {
    const there = [...counts].map(([entity, count]) => [this.#nameOf(entity), count] as const)
    this.#inner.leaveDangling?.(new Map(there))
  }

  createTables({ schemas }: CreatePlan): Promise<readonly LeftOut[]> {
    for (const { entity } of schemas) this.#created.set(entity, this.#describe(entity))
    return this.#inner.createTables(this.#mapping.planTables(schemas))
  }

  finishTables({ schemas }: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#inner.finishTables(this.#mapping.planTables(schemas))
  }

  deferForeignKeys(entities: readonly EntityName[]): Promise<boolean> {
    return this.#inner.deferForeignKeys(entities.map((entity) => this.#nameOf(entity)))
  }

  insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    const resolved = this.#created.get(entity)
    if (resolved === undefined) {
      return this.#inner.insertRows(
        this.#nameOf(entity),
        fields,
        this.#toThere(entity, fields, rows),
      )
    }
    const sum = new RowSum(fields.length)
    this.#filled.set(entity, { resolved, fields, sum })
    const summed = this.#toThere(entity, fields, sumRows(rows, sum))
    return this.#inner.insertRows(this.#nameOf(entity), fields, summed)
  }

  async takeKeys(entity: EntityName, last: bigint): Promise<void> {
    await this.#inner.takeKeys?.(this.#nameOf(entity), last)
  }

  async moveCounter(counter: Counter, to: bigint): Promise<string | null> {
    return (await this.#inner.moveCounter?.(counter, to)) ?? null
  }

  updateRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#inner.updateRows(this.#nameOf(entity), this.#keyedToThere(entity, rows))
  }

  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#inner.deleteRows(this.#nameOf(entity), this.#keyedToThere(entity, rows))
  }

  deleteTogether(parts: readonly DeletedRows[]): Promise<number> {
    const there = parts.map(({ entity, rows }) => {
      return { entity: this.#nameOf(entity), rows: this.#keyedToThere(entity, rows) }
    })
    return deleteTogether(this.#inner, there)
  }

  scan(
    { entity }: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    return scanMapped(this.#inner, this.#resolve(entity), fields, signal)
  }

  /** @throws connector.value-refused when a new table does not hold what was put into it */
  async commit(): Promise<void> {
    for (const [entity, { fields, resolved, sum }] of this.#filled) {
      const kept = new RowSum(fields.length)
      for await (const batch of scanMapped(this.#inner, resolved, fields, this.#signal)) {
        kept.add(batch)
      }
      const different = kept.findDifference(sum)
      if (different === null) continue
      const names = different.map((i) => fields[i] ?? '')
      throw refuseLoss({ entity, fields: names }, this.#mapping)
    }
    await this.#inner.commit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  #keyedToThere(entity: EntityName, { fields, key, rows }: KeyedRows): KeyedRows {
    return { key, fields, rows: this.#toThere(entity, fields, rows) }
  }

  #toThere(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): AsyncIterable<RowBatch> {
    return translateOrRefuse(this.#resolve(entity), { entity, fields }, rows)
  }

  #resolve(entity: EntityName): ResolvedEntity {
    const resolved = this.#created.get(entity) ?? this.#known.get(entity)
    assert(resolved !== undefined, 'What is written was described or is created.')
    return resolved
  }

  /** A table as it is going to be made. */
  #describe(entity: EntityName): ResolvedEntity {
    const mapped = this.#mapping.entities.get(entity)
    assert(mapped !== undefined, 'Only tables of the point are created.')
    const described = describeSchema(mapped.schema)
    return { described, shown: { ...described, entity }, fields: mapped.fields }
  }

  #nameOf(entity: EntityName): EntityName {
    return this.#resolve(entity).described.entity
  }
}

function refuseLoss(
  { entity, fields }: { readonly entity: EntityName; readonly fields: readonly string[] },
  { to }: PlatformMapping,
): AppError {
  const what = fields.length === 0 ? 'its rows' : `values of ${fields.join(', ')}`
  const found = `${what} would not be kept there as they are`
  const message = `Cannot write "${entity}" to ${PLATFORMS[to]?.title}: ${found}`
  return new AppError('connector.value-refused', message, { entity, fields })
}
