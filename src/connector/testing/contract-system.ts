import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { scanFields } from '#record/project'
import type { RowBatch } from '#record/row-batch'
import { formatRow, parseRow } from '#record/row-text'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import { systemClock } from '#stdx/clock'
import type { Secret } from '#stdx/secret'
import type {
  Connector,
  ConnectorOptions,
  CreatePlan,
  Source,
  SourceCut,
  Target,
} from '../connector.ts'
import type { SideEffect } from '../side-effect.ts'

/** A real system of one kind that the contract suite may fill and destroy. */
export type ContractSystem = AsyncDisposable & {
  readonly address: Secret
  /** Runs statements as another client would, and commits. Waits at most a few seconds for locks. */
  exec(sql: string): Promise<void>
}

export type ConnectorHarness = {
  readonly connector: Connector
  /** Where tables without qualification are made: `main`, `public`; empty where names have one part. */
  readonly schema: string
  /** An empty system, in which readers do not keep writers from committing. */
  freshSystem(): Promise<ContractSystem>
  /** An address under which nothing answers. */
  readonly nowhere: Secret
  /** SQL for a text that repeats another. */
  repeat(text: string, count: number): string
  /** Types for text that may be a key, and for text of any length; `TEXT` where nothing is said. */
  readonly text?: { readonly key: string; readonly long: string }
  /** Most fields of a table of short texts; 1 600 where nothing is said. */
  readonly fieldsMax?: number
  /** False where an index covers all rows of its table. */
  readonly hasPartialIndexes?: boolean
  /** A type for binary values and the SQL of one of `count` bytes. */
  readonly binary: { readonly type: string; value(count: number): string }
  /** Type of a key that the system numbers by itself; absent where it numbers none. */
  readonly numbered?: string
  /** What systems of the kind have nothing of, so that nothing can be asked about it. */
  readonly lacks?: readonly Lacking[]
  /** Tables `first` and `second` (id INTEGER key, other INTEGER), each referring to the other. */
  readonly cycleSql: string
  /** The same statements with foreign keys off, where a row that refers to itself cannot go. */
  readonly unchecked?: (sql: string) => string
  /** Absent where systems have no triggers. */
  readonly triggers?: TriggerHarness
  /** Makes a user who may read everything but `table`; `undefined` where systems know no rights. */
  readonly denyReading?: (system: ContractSystem, table: string) => Promise<Secret>
}

export type TriggerHarness = {
  /** Statements for a trigger of that name on a table, which adds the operation to `log`. */
  makeSql(name: string, table: string, op: string): readonly string[]
  /** Everything that there is to know of all triggers. */
  read(address: Secret): Promise<readonly unknown[]>
  /** Whether a write by the owner keeps them quiet. */
  readonly state: SideEffect['state']
  /** Where the connector is imported from, under which name. */
  readonly module: { readonly path: string; readonly name: string }
}

/**
 * Keys, unique values, checks and references that are enforced; values that are more than text;
 * tables that are more than their fields (views, indexes, defaults, generated fields).
 */
export type Lacking = 'constraints' | 'types' | 'definitions'

/** The entity of a table that is made without qualification. */
export function entityIn({ schema }: Pick<ConnectorHarness, 'schema'>, table: string): EntityName {
  return (schema === '' ? table : `${schema}.${table}`) as EntityName
}

export type Values = readonly (string | null)[]

const never = new AbortController().signal

export function optionsFor(address: Secret, changes: Partial<ConnectorOptions> = {}) {
  return {
    address,
    connectionsMax: 2,
    bytesPerSecondMax: 0,
    clock: systemClock,
    signal: never,
    ...changes,
  } satisfies ConnectorOptions
}

export function openSource({ connector }: ConnectorHarness, address: Secret): Promise<Source> {
  return connector.openSource(optionsFor(address))
}

export function openTarget({ connector }: ConnectorHarness, address: Secret): Promise<Target> {
  return connector.openTarget(optionsFor(address))
}

/** Everything a cut of a system gives, by table. */
export type SystemContents = {
  readonly catalogue: Catalogue
  readonly rows: ReadonlyMap<EntityName, readonly Values[]>
}

export async function readSystem(
  harness: ConnectorHarness,
  { address }: Pick<ContractSystem, 'address'>,
): Promise<SystemContents> {
  await using source = await openSource(harness, address)
  await using cut = await source.openCut(never)
  const catalogue = await cut.readCatalogue(() => true)
  const rows = new Map<EntityName, readonly Values[]>()
  for (const entity of catalogue.entities) {
    rows.set(entity.entity, await readRows(cut, entity))
  }
  return { catalogue, rows }
}

/** The rows of one table of a system, fields in the source's order. */
export async function readTable(
  harness: ConnectorHarness,
  system: Pick<ContractSystem, 'address'>,
  entity: string,
): Promise<readonly Values[]> {
  const { rows } = await readSystem(harness, system)
  const found = rows.get(entity as EntityName)
  assert(found !== undefined, 'The system has the table.')
  return found
}

export function findEntity({ entities }: Catalogue, name: string): DescribedEntity {
  const entity = entities.find((described) => described.entity === name)
  assert(entity !== undefined, 'The catalogue has the table.')
  return entity
}

export async function readRows(
  cut: Pick<SourceCut, 'scan'>,
  entity: DescribedEntity,
  fields: readonly string[] = entity.fields.map(({ name }) => name),
): Promise<Values[]> {
  const rows: Values[] = []
  for await (const batch of cut.scan(entity, fields, never)) rows.push(...parseBatch(batch))
  return rows
}

export function parseBatch(batch: RowBatch): Values[] {
  const text = Buffer.concat(batch.kind === 'rows' ? [batch.bytes] : batch.parts).toString()
  assert(text.endsWith('\n'), 'A batch ends with a whole row.')
  return text.slice(0, -1).split('\n').map(parseRow)
}

/** Rows as a restore hands them to a target. */
export async function* rowsOf(...rows: readonly Values[]): AsyncGenerator<RowBatch> {
  for (const row of rows) {
    yield { kind: 'rows', bytes: new TextEncoder().encode(formatRow(row)) }
  }
}

/** One row in pieces that break anywhere. */
export async function* largeRowOf(row: Values): AsyncGenerator<RowBatch> {
  const bytes = new TextEncoder().encode(formatRow(row))
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start < bytes.length; start += 300_007) {
    parts.push(bytes.slice(start, start + 300_007))
  }
  yield { kind: 'large', parts }
}

/** Copies a whole system into an empty one, as a restore does. */
export async function copySystem(
  harness: ConnectorHarness,
  from: ContractSystem,
  to: Pick<ContractSystem, 'address'>,
): Promise<void> {
  await using source = await openSource(harness, from.address)
  await using cut = await source.openCut(never)
  const catalogue = await cut.readCatalogue(() => true)
  const plan: CreatePlan = {
    schemas: catalogue.entities.map((entity) => evolveSchema(undefined, entity).schema),
    definition: catalogue.definition,
    sequences: catalogue.sequences,
  }
  await using target = await openTarget(harness, to.address)
  await using write = await target.openWrite(never)
  await write.createTables(plan)
  for (const [i, entity] of catalogue.entities.entries()) {
    const schema = plan.schemas[i]
    assert(schema !== undefined, 'Every entity has a schema.')
    const fields = scanFields(schema)
    await write.insertRows(entity.entity, fields, cut.scan(entity, fields, never))
  }
  await write.finishTables(plan)
  await write.commit()
}
