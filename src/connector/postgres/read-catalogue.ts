import type { EntityName } from '#record/entity-name'
import type { Catalogue, JsonValue } from '#record/schema'
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
import { type CatalogueFacts, describeEntity, entityOf } from './describe-table.ts'
import type { Session } from './session.ts'

/**
 * Describes every table of the database, in the session's transaction. Asks a fixed number of
 * questions, however many tables there are.
 */
export async function readCatalogue(
  session: Session,
  mayRead: (entity: EntityName) => boolean,
  signal: AbortSignal,
): Promise<Catalogue> {
  const all = await ask(session, TABLES, signal)
  const entities = all.filter((table) => table.root === null && mayRead(entityOf(table)))
  const facts = await readFacts(session, { all, entities }, signal)
  const sequences = await readSequences(session, facts, signal)
  return {
    entities: entities.map((table) => describeEntity(table, facts)),
    definition: compactDefinition({
      ...(await readTypes(session, signal)),
      entities: entities.map(entityOf),
      sequences: sequences.map((sequence) => describeSequence(sequence, facts.tables)),
    }),
    sequences: await readSequencePositions(session, sequences, signal),
    notRestored: await ask(session, NOT_RESTORED, signal),
  }
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
  { all, entities }: { all: readonly TableRow[]; entities: readonly TableRow[] },
  signal: AbortSignal,
): Promise<CatalogueFacts> {
  const chosen = new Set(entities.map(({ oid }) => oid))
  const partitions = all.filter(({ root }) => root !== null && chosen.has(root))
  const entityOids = [...chosen]
  const oids = [...chosen, ...partitions.map(({ oid }) => oid)]
  const columns = columnsQuestion(await readServerVersion(session, signal))
  return {
    tables: new Map(all.map((table) => [table.oid, table])),
    partitionsByRoot: Map.groupBy(partitions, ({ root }) => root ?? ''),
    facts: byOid(await ask(session, TABLE_FACTS, signal, [oids])),
    privileges: byOid(await ask(session, PRIVILEGES, signal, [entityOids])),
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

/** All sequences but those owned by tables that were left out. */
async function readSequences(
  session: Session,
  facts: CatalogueFacts,
  signal: AbortSignal,
): Promise<SequenceRow[]> {
  const sequences = await ask(session, SEQUENCES, signal)
  return sequences.filter(({ ownerTable }) => ownerTable === null || facts.facts.has(ownerTable))
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
