import type { EntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity, JsonValue } from '#record/schema'
import { columnsQuestion } from './catalogue/columns.ts'
import { CONSTRAINTS, INDEXES } from './catalogue/constraints.ts'
import { NOT_RESTORED } from './catalogue/not-restored.ts'
import { ask } from './catalogue/question.ts'
import { readPositions, SEQUENCES, type SequenceRow } from './catalogue/sequences.ts'
import { PRIVILEGES, TABLE_FACTS, TABLES, type TableRow } from './catalogue/tables.ts'
import {
  COMPOSITES,
  collationsQuestion,
  DOMAINS,
  ENUMS,
  EXTENSIONS,
  rangesQuestion,
  SCHEMAS,
} from './catalogue/types.ts'
import { compactDefinition, type SharedDefinition } from './definition.ts'
import { type CatalogueFacts, describeEntity, entityOf, findEntity } from './describe-table.ts'
import type { Session } from './session.ts'

/**
 * Describes every table of the database, in the session's transaction. Asks a fixed number of
 * questions, however many tables there are, and none about rows: `mayRead` only decides whose
 * sequences and names belong to what is shared.
 */
export async function readCatalogue(
  session: Session,
  mayRead: (entity: EntityName) => boolean,
  signal: AbortSignal,
): Promise<Catalogue> {
  const all = await ask(session, TABLES, signal)
  const facts = await readFacts(session, { all, asked: all }, signal)
  const entities = all.filter(({ root }) => root === null)
  const included = entities.map(entityOf).filter(mayRead)
  const sequences = await readSequences(session, { facts, included: new Set(included) }, signal)
  return {
    entities: entities.map((table) => describeEntity(table, facts)),
    definition: compactDefinition({
      ...(await readTypes(session, signal)),
      entities: included,
      sequences: sequences.map((sequence) => describeSequence(sequence, facts.tables)),
    }),
    sequences: await readSequencePositions(session, sequences, signal),
    notRestored: await ask(session, NOT_RESTORED, signal),
  }
}

/**
 * Describes the entity that a table is or is a partition of, without asking about others;
 * `undefined` when there is no such table (any more).
 */
export async function describeByTable(
  session: Session,
  oid: string,
  signal: AbortSignal,
): Promise<DescribedEntity | undefined> {
  const all = await ask(session, TABLES, signal)
  const found = all.find((table) => table.oid === oid)
  const entity = all.find((table) => table.oid === (found?.root ?? found?.oid))
  if (entity === undefined) return undefined
  const asked = [entity, ...all.filter(({ root }) => root === entity.oid)]
  return describeEntity(entity, await readFacts(session, { all, asked }, signal))
}

/** As `server_version_num`. */
export async function readServerVersion(session: Session, signal: AbortSignal): Promise<number> {
  const [[version] = []] = await session.query(
    "select current_setting('server_version_num')",
    signal,
  )
  return Number(version)
}

async function readFacts(
  session: Session,
  { all, asked }: { all: readonly TableRow[]; asked: readonly TableRow[] },
  signal: AbortSignal,
): Promise<CatalogueFacts> {
  const oids = asked.map(({ oid }) => oid)
  const partitions = all.filter(({ root }) => root !== null)
  const columns = columnsQuestion(await readServerVersion(session, signal))
  return {
    tables: new Map(all.map((table) => [table.oid, table])),
    partitionsByRoot: Map.groupBy(partitions, ({ root }) => root ?? ''),
    facts: byOid(await ask(session, TABLE_FACTS, signal, [oids])),
    privileges: byOid(await ask(session, PRIVILEGES, signal, [oids])),
    columns: byTable(await ask(session, columns, signal, [oids])),
    constraints: byTable(await ask(session, CONSTRAINTS, signal, [oids])),
    indexes: byTable(await ask(session, INDEXES, signal, [oids])),
  }
}

function byOid<Row extends { oid: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.oid, row]))
}

function byTable<Row extends { table: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ table }) => table)
}

/** Schemas, types and sequences of a database, without asking about its tables. */
export async function readSharedDefinition(
  session: Session,
  signal: AbortSignal,
): Promise<JsonValue> {
  const sequences = await ask(session, SEQUENCES, signal)
  return compactDefinition({
    ...(await readTypes(session, signal)),
    entities: [],
    sequences: sequences.map((sequence) => describeSequence(sequence, new Map())),
  })
}

async function readTypes(
  session: Session,
  signal: AbortSignal,
): Promise<Omit<SharedDefinition, 'entities' | 'sequences'>> {
  const version = await readServerVersion(session, signal)
  return {
    schemas: (await ask(session, SCHEMAS, signal)).map(({ name }) => name),
    extensions: await ask(session, EXTENSIONS, signal),
    collations: await ask(session, collationsQuestion(version), signal),
    enums: await ask(session, ENUMS, signal),
    domains: await ask(session, DOMAINS, signal),
    composites: await ask(session, COMPOSITES, signal),
    ranges: await ask(session, rangesQuestion(version), signal),
  }
}

/** All sequences but those owned by tables that are left out. */
async function readSequences(
  session: Session,
  { facts, included }: { facts: CatalogueFacts; included: ReadonlySet<EntityName> },
  signal: AbortSignal,
): Promise<SequenceRow[]> {
  const sequences = await ask(session, SEQUENCES, signal)
  return sequences.filter(({ ownerTable }) => {
    if (ownerTable === null) return true
    const owner = findEntity(ownerTable, facts)
    return owner !== null && included.has(owner)
  })
}

function describeSequence(
  sequence: SequenceRow,
  tables: CatalogueFacts['tables'],
): SharedDefinition['sequences'][number] {
  const { ownerTable, ownerColumn, isIdentity, mayRead: _, ...rest } = sequence
  const owner = ownerTable === null ? undefined : tables.get(ownerTable)
  return {
    ...rest,
    isIdentity: isIdentity ?? false,
    owner:
      owner === undefined || ownerColumn === null
        ? null
        : { entity: entityOf(owner), column: ownerColumn },
  }
}

async function readSequencePositions(
  session: Session,
  sequences: readonly SequenceRow[],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const readable = sequences.filter(({ mayRead }) => mayRead)
  const positions = await readPositions(session, readable, signal)
  return Object.fromEntries(readable.map((sequence, i) => [entityOf(sequence), positions[i] ?? '']))
}
