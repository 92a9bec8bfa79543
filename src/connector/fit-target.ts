import type { EntityName } from '#record/entity-name'
import { reshapeRows } from '#record/reshape-rows'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import type {
  CreatePlan,
  DeletedRows,
  KeyedRows,
  LeftOut,
  NextKey,
  SourceCut,
  Target,
  TargetWrite,
} from './connector.ts'
import type { Counter } from './counter.ts'
import { deleteTogether } from './delete-together.ts'

/** By entity: fields of the point, and what the target calls them; `null`: nothing is written to them. */
type FieldFits = ReadonlyMap<EntityName, ReadonlyMap<string, string | null>>

/**
 * A target whose tables seem to have the fields of a point under their names, though some are called
 * otherwise there, or are not there. A field that is left out reads as null, and keeps what it has.
 */
export function fitTarget(
  target: Target,
  fits: FieldFits,
  schemas: readonly SchemaVersion[],
): Target {
  const known = new Set<EntityName>()
  // What the target does not have is made with the fields and names of the point.
  const fitOf = (entity: EntityName) => (known.has(entity) ? fits.get(entity) : undefined)
  return {
    identity: target.identity,
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
    listSideEffects: (writes, signal) => target.listSideEffects(writes, signal),
    openCut: async (signal) =>
      new FittedCut(await target.openCut(signal), { fitOf, fits, known, schemas }),
    openWrite: async (signal, since, given = [], accepted = []) => {
      assert(
        since === undefined || since instanceof FittedCut,
        'A cut is of the target it came from.',
      )
      const own = given.map((schema) => fitSchema(schema, fitOf(schema.entity)))
      return new FittedWrite(await target.openWrite(signal, since?.inner, own, accepted), fitOf)
    },
  }
}

type Fit = ReadonlyMap<string, string | null>
type FitOf = (entity: EntityName) => Fit | undefined

type CutParts = {
  readonly fitOf: FitOf
  readonly fits: FieldFits
  readonly known: Set<EntityName>
  readonly schemas: readonly SchemaVersion[]
}

class FittedCut implements SourceCut {
  readonly inner: SourceCut
  readonly cut: SourceCut['cut']
  readonly #parts: CutParts

  constructor(inner: SourceCut, parts: CutParts) {
    this.inner = inner
    this.cut = inner.cut
    this.#parts = parts
  }

  async readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue> {
    const { fits, known, schemas } = this.#parts
    const catalogue = await this.inner.readCatalogue(mayRead)
    const entities = catalogue.entities.map((described) => {
      const fit = fits.get(described.entity)
      const schema = schemas.find(({ entity }) => entity === described.entity)
      if (fit === undefined || schema === undefined) return described
      known.add(described.entity)
      return showFitted(described, fit, schema)
    })
    return { ...catalogue, entities }
  }

  async readNextKey(entity: DescribedEntity): Promise<NextKey | null> {
    return (await this.inner.readNextKey?.(asThere(entity, this.#parts.fitOf))) ?? null
  }

  async readCounters(entity: DescribedEntity): Promise<readonly Counter[]> {
    const { fitOf } = this.#parts
    const counters = (await this.inner.readCounters?.(asThere(entity, fitOf))) ?? []
    const fit = [...(fitOf(entity.entity) ?? [])]
    const nameHere = (field: string) => fit.find(([, there]) => there === field)?.[0] ?? field
    return counters.map((counter) => ({ ...counter, field: nameHere(counter.field) }))
  }

  scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    return scanFitted(this.inner, { entity, fields, fitOf: this.#parts.fitOf }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]()
  }
}

class FittedWrite implements TargetWrite {
  readonly #inner: TargetWrite
  readonly #fitOf: FitOf

  constructor(inner: TargetWrite, fitOf: FitOf) {
    this.#inner = inner
    this.#fitOf = fitOf
  }

  async claim(): Promise<void> {
    await this.#inner.claim?.()
  }

  leaveDangling(counts: ReadonlyMap<EntityName, number>): void {
    this.#inner.leaveDangling?.(counts)
  }

  createTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#inner.createTables(plan)
  }

  finishTables(plan: CreatePlan): Promise<readonly LeftOut[]> {
    return this.#inner.finishTables(plan)
  }

  deferForeignKeys(entities: readonly EntityName[]): Promise<boolean> {
    return this.#inner.deferForeignKeys(entities)
  }

  insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number> {
    const { fields: written, rows: fitted } = this.#fitRows(entity, { key: [], fields, rows })
    return this.#inner.insertRows(entity, written, fitted)
  }

  async takeKeys(entity: EntityName, last: bigint): Promise<void> {
    await this.#inner.takeKeys?.(entity, last)
  }

  async moveCounter(counter: Counter, to: bigint): Promise<string | null> {
    return (await this.#inner.moveCounter?.(counter, to)) ?? null
  }

  updateRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#inner.updateRows(entity, this.#fitRows(entity, rows))
  }

  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number> {
    return this.#inner.deleteRows(entity, this.#fitRows(entity, rows))
  }

  deleteTogether(parts: readonly DeletedRows[]): Promise<number> {
    const there = parts.map(({ entity, rows }) => ({ entity, rows: this.#fitRows(entity, rows) }))
    return deleteTogether(this.#inner, there)
  }

  scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    return scanFitted(this.#inner, { entity, fields, fitOf: this.#fitOf }, signal)
  }

  commit(): Promise<void> {
    return this.#inner.commit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  /** Without what is left out, under the names of the target. */
  #fitRows(entity: EntityName, given: KeyedRows): KeyedRows {
    const fit = this.#fitOf(entity)
    if (fit === undefined) return given
    const places = [...given.fields.keys()].filter((i) => fit.get(given.fields[i] ?? '') !== null)
    const fields = places.map((i) => nameThere(fit, given.fields[i] ?? ''))
    const key = given.key.map((name) => nameThere(fit, name))
    const isWhole = places.length === given.fields.length
    return { key, fields, rows: isWhole ? given.rows : reshapeRows(given.rows, places) }
  }
}

type Scanned = {
  readonly entity: DescribedEntity
  readonly fields: readonly string[]
  readonly fitOf: FitOf
}

function scanFitted(
  inner: Pick<SourceCut, 'scan'>,
  { entity, fields, fitOf }: Scanned,
  signal: AbortSignal,
): AsyncIterable<RowBatch> {
  const fit = fitOf(entity.entity)
  if (fit === undefined) return inner.scan(entity, fields, signal)
  const asked = fields.filter((name) => fit.get(name) !== null)
  const names = asked.map((name) => nameThere(fit, name))
  const rows = inner.scan(asThere(entity, fitOf), names, signal)
  if (asked.length === fields.length) return rows
  const places = fields.map((name) => (fit.get(name) === null ? null : asked.indexOf(name)))
  return reshapeRows(rows, places)
}

/** A table of the target as the point would describe it. */
function showFitted(described: DescribedEntity, fit: Fit, schema: SchemaVersion): DescribedEntity {
  const hereByThere = new Map([...fit].map(([here, there]) => [there, here]))
  const nameHere = (name: string) => hereByThere.get(name) ?? name
  const shown = described.fields.map((field) => ({ ...field, name: nameHere(field.name) }))
  const lacking = schema.fields.filter(
    ({ name }) => fit.get(name) === null && !shown.some((field) => field.name === name),
  )
  const added = lacking.map(({ name, type }) => {
    return { name, type, isNullable: true, sourceId: null, missing: null }
  })
  const { key } = described
  return {
    ...described,
    fields: [...shown, ...added],
    key: key && { ...key, fields: key.fields.map(nameHere) },
    uniqueFields: (described.uniqueFields ?? []).map(nameHere),
    uniqueKeys: (described.uniqueKeys ?? []).map((fields) => fields.map(nameHere)),
    foreignKeys: described.foreignKeys.map((one) => {
      return { ...one, fields: one.fields.map(nameHere) }
    }),
  }
}

/** The opposite: what is left out is not asked for, whether it is there or not. */
function asThere(shown: DescribedEntity, fitOf: FitOf): DescribedEntity {
  const fit = fitOf(shown.entity)
  if (fit === undefined) return shown
  const there = (name: string) => nameThere(fit, name)
  return {
    ...shown,
    fields: shown.fields
      .filter(({ name }) => fit.get(name) !== null)
      .map((field) => ({ ...field, name: there(field.name) })),
    key: shown.key && { ...shown.key, fields: shown.key.fields.map(there) },
    foreignKeys: shown.foreignKeys.map((one) => ({ ...one, fields: one.fields.map(there) })),
  }
}

/** A schema whose rows are given under the names of the target. */
function fitSchema(schema: SchemaVersion, fit: Fit | undefined): SchemaVersion {
  if (fit === undefined) return schema
  const kept = schema.fields.filter(({ name }) => fit.get(name) !== null)
  return { ...schema, fields: kept.map((one) => ({ ...one, name: nameThere(fit, one.name) })) }
}

function nameThere(fit: Fit, name: string): string {
  return fit.get(name) ?? name
}
