import { type EntityName, parseEntityName } from '#record/entity-name'
import type { CreatePlan, LeftOut } from '../connector.ts'
import { mayGive } from '../counter.ts'
import { attempt, isMissing } from './attempt.ts'
import { UNUSED } from './catalogue/sequences.ts'
import { moveCounter, readCounters } from './counters.ts'
import { plannedTables, withPartitions } from './create-tables.ts'
import type { PartitionDefinition, SequenceDefinition } from './definition.ts'
import { entityOf } from './describe-table.ts'
import type { ServerError } from './pg-error.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteQualified } from './quote.ts'
import type { Session } from './session.ts'
import { toServerError } from './write-error.ts'

/**
 * Gives filled tables their keys, constraints, indexes and foreign keys, and sets their sequences.
 *
 * Partitions and children come before their parents: what a parent declares finds theirs, under
 * the names they had, and adopts it.
 *
 * @throws connector.constraint-violated when the rows contradict a constraint
 */
export async function finishTables(
  session: Session,
  {
    plan,
    sequences,
    signal,
  }: {
    plan: CreatePlan
    sequences: readonly SequenceDefinition[]
    signal: AbortSignal
  },
): Promise<LeftOut[]> {
  const tables = childrenFirst(plannedTables(plan).flatMap(withPartitions))
  const leftOut: LeftOut[] = []
  for (const kinds of ORDER) {
    for (const table of tables) {
      for (const step of stepsFor(table, kinds)) {
        const error = await attempt(session, step.sql, signal)
        if (error === undefined) continue
        leftOut.push(leave(step, error))
      }
    }
  }
  const exact = new Set<string>()
  for (const sequence of sequences) {
    const position = plan.sequences[entityOf(sequence)]
    if (position !== undefined) await setPosition(session, sequence, { position, signal })
    const mayTrail = position === undefined || plan.mayTrail === true
    if (mayTrail) await catchUp(session, sequence, { isSet: position !== undefined, signal })
    else exact.add(await readName(session, sequence, signal))
  }
  for (const { entity } of plan.schemas) {
    leftOut.push(...(await catchUpCounters(session, entity, { exact, signal })))
  }
  return leftOut
}

type FinishKind = 'key' | 'exclusion' | 'check' | 'index' | 'setting' | 'foreign key'

/** Foreign keys need the keys of all tables; the rest goes table by table, while it is in memory. */
const ORDER: readonly (readonly FinishKind[])[] = [
  ['key', 'exclusion', 'check', 'index', 'setting'],
  ['foreign key'],
]

type FinishStep = { readonly kind: string; readonly name: string; readonly sql: string }

const KINDS: Readonly<Record<string, FinishKind>> = {
  p: 'key',
  u: 'key',
  x: 'exclusion',
  c: 'check',
  n: 'check',
  f: 'foreign key',
}

function stepsFor(table: PartitionDefinition, kinds: readonly FinishKind[]): FinishStep[] {
  const name = quoteQualified(table.schema, table.name)
  const alter = `alter table ${name}`
  const constraints = table.constraints
    .toSorted((a, b) => 'pux'.indexOf(a.kind) - 'pux'.indexOf(b.kind))
    .filter(({ kind }) => kinds.includes(KINDS[kind] ?? 'check'))
    .map((constraint) => ({
      kind: KINDS[constraint.kind] ?? 'check',
      name: `${quoteName(constraint.name)} on ${name}`,
      sql: `${alter} add constraint ${quoteName(constraint.name)} ${constraint.definition}`,
    }))
  const indexes = kinds.includes('index')
    ? table.indexes.map((index) => ({
        kind: 'index',
        name: `${quoteName(index.name)} on ${name}`,
        sql: index.definition,
      }))
    : []
  return [...constraints, ...indexes, ...(kinds.includes('setting') ? settings(table, name) : [])]
}

function settings(table: PartitionDefinition, name: string): FinishStep[] {
  const alter = `alter table ${name}`
  const steps: FinishStep[] = []
  if (table.clusteredOn !== null) {
    const sql = `${alter} cluster on ${quoteName(table.clusteredOn)}`
    steps.push({ kind: 'clustering', name, sql })
  }
  const identity = { d: null, n: 'nothing', f: 'full', i: null }[table.replicaIdentity]
  const index = table.replicaIdentity === 'i' ? table.replicaIndex : null
  const replica = index === null ? identity : `using index ${quoteName(index)}`
  if (replica !== null) {
    steps.push({ kind: 'replica identity', name, sql: `${alter} replica identity ${replica}` })
  }
  return steps
}

/** What cannot be put back for want of something is named; what the rows contradict is an error. */
function leave(step: FinishStep, error: ServerError): LeftOut {
  const needsKey = error.sqlState === '42830'
  if (isMissing(error) || needsKey) {
    return { kind: step.kind, name: step.name, reason: error.text }
  }
  throw toServerError(error, `add the ${step.kind} ${step.name}`)
}

/** Reversed order of creation: a partition stands after its parent there, a child anywhere. */
function childrenFirst(tables: readonly PartitionDefinition[]): PartitionDefinition[] {
  const byName = new Map(tables.map((table) => [quoteQualified(table.schema, table.name), table]))
  const depthOf = (table: PartitionDefinition): number =>
    Math.max(
      0,
      ...table.parents.map(({ schema, name }) => {
        const parent = byName.get(quoteQualified(schema, name))
        return parent === undefined ? 0 : 1 + depthOf(parent)
      }),
    )
  return tables
    .map((table) => ({ table, depth: depthOf(table) }))
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ table }) => table)
}

/** Sets a sequence to where it stood. */
async function setPosition(
  session: Session,
  sequence: SequenceDefinition,
  { position, signal }: { position: string; signal: AbortSignal },
): Promise<void> {
  const name = quoteLiteral(quoteQualified(sequence.schema, sequence.name))
  const isUnused = position.endsWith(UNUSED)
  const value = isUnused ? position.slice(0, -UNUSED.length) : position
  const sql = `select pg_catalog.setval(${name}, ${quoteLiteral(value)}, ${!isUnused})`
  await session.query(sql, signal)
}

/**
 * Where the capture could not read a sequence, or read it before the rows were written, an owned one
 * goes behind the largest value of its column, so that the next one is new.
 * @param isSet then it never goes back
 */
async function catchUp(
  session: Session,
  sequence: SequenceDefinition,
  { isSet, signal }: { isSet: boolean; signal: AbortSignal },
): Promise<void> {
  if (sequence.owner === null) return
  const { owner } = sequence
  const qualified = quoteQualified(sequence.schema, sequence.name)
  const isFalling = sequence.increment.startsWith('-')
  const column = `${isFalling ? 'min' : 'max'}(${quoteName(owner.column)})`
  const isBehind = `${column} ${isFalling ? '<=' : '>='} (select last_value from ${qualified})`
  const sql = `select pg_catalog.setval(${quoteLiteral(qualified)}, ${column})
    from ${quoteEntity(parseEntityName(owner.entity))}
    having ${column} between ${sequence.min} and ${sequence.max}${isSet ? ` and ${isBehind}` : ''}`
  await session.query(sql, signal)
}

/** As the server spells it. */
async function readName(
  session: Session,
  { name, schema }: SequenceDefinition,
  signal: AbortSignal,
): Promise<string> {
  const sql = `select pg_catalog.to_regclass(${quoteLiteral(quoteQualified(schema, name))})::text`
  const [[found] = []] = await session.query(sql, signal)
  return found ?? ''
}

/** Sequences that were there before the table, or belong to no field of it, go behind its rows, too. */
async function catchUpCounters(
  session: Session,
  entity: EntityName,
  { exact, signal }: { readonly exact: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<LeftOut[]> {
  const leftOut: LeftOut[] = []
  for (const counter of await readCounters(session, { entity }, signal)) {
    if (exact.has(counter.name)) continue
    const furthest = `${counter.step > 0n ? 'max' : 'min'}(${quoteName(counter.field)})`
    const sql = `select ${furthest}::text from ${quoteEntity(entity)}`
    const [[last] = []] = await session.query(sql, signal)
    if (!last || !/^-?[0-9]+$/.test(last) || !mayGive(counter, BigInt(last))) continue
    const to = BigInt(last)
    const refused = await moveCounter(session, counter, { signal, to })
    if (refused === null) continue
    const reason = `${refused}, and ${entity} holds ${to}. ${counter.moving?.sql(to) ?? ''}`
    leftOut.push({ kind: 'position of sequence', name: counter.name, reason })
  }
  return leftOut
}
