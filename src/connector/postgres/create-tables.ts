import { type EntityName, parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { CreatePlan, LeftOut } from '../connector.ts'
import { attempt, isMissing, type RefusedStep, runSteps, type Step } from './attempt.ts'
import { choosePlanned } from './choose-planned.ts'
import {
  attachSql,
  type CreateContext,
  columnKey,
  columnSettings,
  ownedBySql,
  tableSql,
} from './create-sql.ts'
import { createSchemas, createSequences, createTypes } from './create-types.ts'
import {
  type PartitionDefinition,
  parseSharedDefinition,
  parseTableDefinition,
  type SequenceDefinition,
  type TableDefinition,
} from './definition.ts'
import { entityOf } from './describe-table.ts'
import { quoteName, quoteQualified, splitEntity } from './quote.ts'
import { readServerVersion, readSharedDefinition } from './read-catalogue.ts'
import type { Session } from './session.ts'

export type CreatedTables = {
  readonly leftOut: readonly LeftOut[]
  /** Sequences that this restore made and has to set. */
  readonly sequences: readonly SequenceDefinition[]
  /** Created tables that are not partitioned. */
  readonly plainTables: readonly EntityName[]
}

/**
 * Creates what the planned tables need and the tables themselves, without defaults that need
 * something missing, without keys, constraints and indexes.
 *
 * @throws connector.create-refused naming the first thing the target cannot create
 */
export async function createTables(
  session: Session,
  plan: CreatePlan,
  signal: AbortSignal,
): Promise<CreatedTables> {
  const tables = plannedTables(plan)
  const present = parseSharedDefinition(await readSharedDefinition(session, signal))
  const wanted = choosePlanned(parseSharedDefinition(plan.definition), tables, present)
  const version = await readServerVersion(session, signal)

  const leftOut = await createSchemas(session, wanted, signal)
  const types = await createTypes(session, { wanted, present, version }, signal)
  leftOut.push(...types.leftOut)
  const plain = wanted.sequences.filter(({ isIdentity }) => !isIdentity)
  await createSequences(session, plain, signal)

  const hasTable = await findTables(session, tables, signal)
  const context: CreateContext = { hasTable, identityByColumn: identities(wanted.sequences) }
  const refused = await createAll(session, { tables, context, types: types.refused }, signal)
  leftOut.push(...refused)
  leftOut.push(...(await setColumns(session, tables, signal)))
  for (const sequence of plain) {
    const sql = ownedBySql(sequence)
    if (sql !== '') await session.query(sql, signal)
  }
  const plainTables = tables.filter(({ partitionKey }) => partitionKey === null).map(entityOf)
  return { leftOut, sequences: wanted.sequences, plainTables }
}

export function plannedTables(plan: CreatePlan): TableDefinition[] {
  return plan.schemas.map(({ entity, definition }) => {
    const table = parseTableDefinition(definition)
    const [schema, name] = splitEntity(entity)
    return { ...table, schema, name }
  })
}

/** A table and its partitions, each after the one it is part of. */
export function withPartitions(table: TableDefinition): PartitionDefinition[] {
  return [table, ...table.partitions]
}

function identities(
  sequences: readonly SequenceDefinition[],
): ReadonlyMap<string, SequenceDefinition> {
  return new Map(
    sequences.flatMap((sequence) => {
      const { owner, isIdentity } = sequence
      if (owner === null || !isIdentity) return []
      const [schema, name] = splitEntity(parseEntityName(owner.entity))
      return [[columnKey({ schema, name }, owner.column), sequence] as const]
    }),
  )
}

/** Which parents a child can inherit from: those that are created now and those that are there. */
async function findTables(
  session: Session,
  tables: readonly TableDefinition[],
  signal: AbortSignal,
): Promise<(name: string) => boolean> {
  const known = new Set(tables.map(({ schema, name }) => quoteQualified(schema, name)))
  const parents = tables.flatMap(({ parents: names }) =>
    names.map(({ schema, name }) => quoteQualified(schema, name)),
  )
  for (const parent of new Set(parents)) {
    const sql = 'select pg_catalog.to_regclass($1) is not null'
    const [[isThere] = []] = await session.query(sql, signal, [parent])
    if (isThere === 't') known.add(parent)
  }
  return (name) => known.has(name)
}

type CreateAll = {
  readonly tables: readonly TableDefinition[]
  readonly context: CreateContext
  /** Types that could not be created alone: they may need a table's row type. */
  readonly types: readonly RefusedStep[]
}

async function createAll(
  session: Session,
  { tables, context, types }: CreateAll,
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const steps = tables.flatMap((table) =>
    withPartitions(table).map((each) => createStep(each, tableSql(each, context))),
  )
  const refused = await runSteps(session, [...types.map(({ step }) => step), ...steps], signal)
  const leftOut: LeftOut[] = []
  for (const { step, error } of refused) {
    const table = tables.flatMap(withPartitions).find((each) => labelOf(each) === step.name)
    const left =
      table && isMissing(error) ? await createWithout(session, table, { context, signal }) : null
    if (left === null) throw refuse(step, error.text, error.sqlState)
    leftOut.push(...left)
  }
  for (const partition of tables.flatMap((table) => table.partitions)) {
    await session.query(attachSql(partition), signal)
  }
  return leftOut
}

function createStep(table: PartitionDefinition, sql: string): Step {
  return { kind: 'table', name: labelOf(table), sql }
}

function labelOf({ schema, name }: { schema: string; name: string }): string {
  return quoteQualified(schema, name)
}

/** Tries a table without its generated columns, whose functions may be missing. */
async function createWithout(
  session: Session,
  table: PartitionDefinition,
  { context, signal }: { context: CreateContext; signal: AbortSignal },
): Promise<LeftOut[] | null> {
  const generated = table.columns.filter((column) => column.generated !== null)
  if (generated.length === 0) return null
  const names = new Set(generated.map(({ name }) => name))
  const error = await attempt(session, tableSql(table, context, names), signal)
  if (error !== undefined) return null
  return generated.map(({ name }) => ({
    kind: 'generated column',
    name: `${labelOf(table)}.${quoteName(name)}`,
    reason: 'something that it is computed with is missing',
  }))
}

function refuse(step: Step, text: string, sqlState: string): AppError {
  const message = `Cannot create the ${step.kind} ${step.name}: ${text}`
  return new AppError('connector.create-refused', message, { name: step.name, sqlState })
}

/** Defaults and other settings of columns: all of a table at once, one by one where that fails. */
async function setColumns(
  session: Session,
  tables: readonly TableDefinition[],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const leftOut: LeftOut[] = []
  for (const table of tables.flatMap(withPartitions)) {
    const settings = table.columns.flatMap((column) =>
      columnSettings(column).map((setting) => ({ ...setting, column: column.name })),
    )
    if (settings.length === 0) continue
    const alter = `alter table only ${labelOf(table)}`
    const together = settings.map(({ sql }) => sql).join(', ')
    if ((await attempt(session, `${alter} ${together}`, signal)) === undefined) continue
    for (const { kind, sql, column } of settings) {
      const error = await attempt(session, `${alter} ${sql}`, signal)
      if (error === undefined) continue
      const name = `${labelOf(table)}.${quoteName(column)}`
      leftOut.push({ kind, name, reason: error.text })
    }
  }
  return leftOut
}
