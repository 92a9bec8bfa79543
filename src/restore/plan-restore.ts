import type { SourceCut } from '#connector/connector'
import { type EntityAt, entityAt } from '#history/entity-at'
import type { PairTotals, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { ClosedPeriods, type PostingRule, tellClosed } from './closed-periods.ts'
import {
  type CompareDeps,
  listOtherTypes,
  pairWithNothing,
  pairWithTarget,
} from './compare-target.ts'
import type { NewCrosswalk } from './crosswalk.ts'
import { type EmptiedReference, emptyReferences } from './empty-references.ts'
import { findCounters, type PlannedMove, planMoves, tellMoves } from './move-counters.ts'
import { type Need, NeededRecords, needsOf } from './needed-records.ts'
import { orderEntities } from './order-entities.ts'
import {
  formatKeyHex,
  keysOf,
  type Picked,
  type PickedRecords,
  pickRecords,
} from './pick-records.ts'
import type { EntityLines, PlanLines } from './plan-lines.ts'
import { type LeftRecords, RecordDecisions, type ThreeWayRequest } from './record-decisions.ts'
import { ReferringRecords } from './referring-records.ts'
import type { Conflict, EntityStep, OtherType, RestoreScope, TargetPlan } from './restore-plan.ts'
import type { Undone } from './restored-records.ts'
import { openSameInFields, type SameInFields } from './same-in-fields.ts'
import { StepSpool } from './step-spool.ts'

export type PlanRequest = {
  readonly state: TimelineState
  readonly point: Point
  readonly target: string
  readonly scope: RestoreScope
  /** Rows that the point does not hold are deleted; else they are left and counted. */
  readonly isDeleteAllowed: boolean
  /** How conflicts are judged and decided; without it nothing is known of what happened since. */
  readonly threeWays?: ThreeWayRequest
  /** What the customer map says that rows need, beside what foreign keys say. */
  readonly links?: readonly Need[]
  /** Where what is posted in closed periods must not be changed. */
  readonly posting?: readonly PostingRule[]
  /** References that are not put back, because what they name is not there. */
  readonly emptied?: readonly EmptiedReference[]
}

/** One entity of a plan with the rows it would write. */
export type PlannedEntity = {
  readonly at: EntityAt
  readonly step: EntityStep
  /** `null`: the table is to be created and takes all rows of the point, or those of `spool`. */
  readonly described: DescribedEntity | null
  readonly spool: StepSpool | null
  /** Only these records; `null` for the whole entity. */
  readonly picked: PickedRecords | null
  /** Beside them, keys in hex of what came to it after the point: deleted where that is allowed. */
  readonly added: ReadonlySet<string>
  /** Counters of the target that its rows leave behind. */
  readonly moves: readonly PlannedMove[]
  /** Of an undo, which is about the records of one transaction or restore; `at` is right before it. */
  readonly undo: PlannedUndo | null
  /** What stays as the target has it, though the point says otherwise. */
  readonly left: LeftRecords
  /** Rows that the target has of it, whatever they hold. */
  readonly targetRows: number
}

/** So many sets of fields are updated; records beyond them are written whole. */
const LISTS_MAX = 32

export type PlannedUndo = {
  readonly undone: Undone
  /** Records that the transaction, or the restore, changed. */
  readonly touched: number
  /** Keys, in hex, of those that are left as they are. */
  readonly conflicts: ReadonlySet<string>
}

/** A plan with everything that carrying it out needs; holds spools until disposed. */
export type PreparedRestore = AsyncDisposable & {
  readonly plan: TargetPlan
  /** Over every single write, and nothing that is left alone. */
  readonly writesHash: string
  readonly point: Point
  /** In the order in which rows can be added. */
  readonly entities: readonly PlannedEntity[]
  /** What records are called in the target from then on; kept before anything is written. */
  readonly crosswalk?: NewCrosswalk
  /** Of each entity that gets numbers of the target's own, the highest: no other record is given it. */
  readonly numbers?: ReadonlyMap<EntityName, bigint>
}

/** `lines`: where every step is told; the caller disposes it. */
export type PlanningOptions = {
  readonly catalogue: Catalogue
  readonly cut: SourceCut
  readonly lines: PlanLines
  readonly signal: AbortSignal
}

/**
 * Works out what a restore would write, without writing: what the target lacks is inserted, what
 * differs is updated, what was added is deleted only when allowed.
 *
 * Reads the entities of the scope on the target at `cut`, and the point. Holds a few megabytes per
 * entity; the rows to write beyond that lie sealed in temporary files.
 */
export async function planRestore(
  deps: CompareDeps,
  request: PlanRequest,
  { catalogue, cut, lines, signal }: PlanningOptions,
): Promise<PreparedRestore> {
  const { point, state } = request
  const wanted = entitiesOf(request.scope, point).map((entity) => entityAt(state, point, entity))
  const { order } = orderEntities(wanted.map(({ schema }) => schema))
  const atByEntity = new Map(wanted.map((at) => [at.schema.entity, at]))
  await using stack = new AsyncDisposableStack()
  const entities: PlannedEntity[] = []
  const conflicts: Conflict[] = []
  const needed = new NeededRecords(listNeeds(wanted, request), isWholeIn(request.scope))
  const closed = new ClosedPeriods(request.posting ?? [])
  const referring = new ReferringRecords(request.isDeleteAllowed ? catalogue : { entities: [] })
  for (const entity of order) {
    const at = atByEntity.get(entity)
    if (at === undefined) continue
    const described = catalogue.entities.find((one) => one.entity === entity) ?? null
    refuseUnreadable(described)
    const planning = {
      at,
      closed,
      conflicts,
      cut,
      described,
      lines,
      needed,
      referring,
      request,
      stack,
    }
    const planned = await planEntity(deps, planning, signal)
    if (planned !== null) entities.push(planned)
  }
  const steps = entities.map(({ step }) => step)
  const address = formatPoint(state.source, point)
  const { target } = request
  const { notRestored } = point.catalogue
  const schemaOf = (entity: EntityName) =>
    point.factsOf(entity) && entityAt(state, point, entity).schema
  const missing = await needed.findMissing({ catalogue, cut, schemaOf, signal })
  const referred = await referring.findReferred({ cut, schemaOf, signal })
  const told = {
    ...(conflicts.length > 0 && { conflicts }),
    ...(missing.length > 0 && { missing }),
    ...(referred.length > 0 && { referred }),
    ...tellClosed(closed),
    ...tellMoves(entities),
  }
  const plan = { point: address, target, steps, notRestored, ...told }
  const writesHash = lines.hash()
  const kept = stack.move()
  return { plan, writesHash, point, entities, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** What the rows of these entities need: as the map says it, and as foreign keys do. */
function listNeeds(wanted: readonly EntityAt[], { links = [] }: PlanRequest): Need[] {
  const keys = wanted.flatMap(({ schema }) => needsOf(schema))
  const isSaid = (key: Need) =>
    links.some(({ elsewhere, entity, fields, to }) => {
      const isOne = entity === key.entity && to === key.to && elsewhere === undefined
      return isOne && fields.join() === key.fields.join()
    })
  return [...links, ...keys.filter((key) => !isSaid(key))]
}

function isWholeIn(scope: RestoreScope): (entity: EntityName) => boolean {
  if (scope.kind === 'records') return () => false
  if (scope.kind === 'all') return () => true
  return (entity) => scope.entities.includes(entity)
}

/** The entities that a restore of `point` is about, known there or not. */
export function entitiesOf(scope: RestoreScope, point: Point): readonly EntityName[] {
  switch (scope.kind) {
    case 'all':
      return point.entities.map(({ entity }) => entity)
    case 'entities':
      return [...new Set([...scope.entities, ...(scope.records ?? []).map(({ entity }) => entity)])]
    case 'records':
      return [...new Set(scope.records.map(({ entity }) => entity))]
  }
}

type PlanningEntity = {
  readonly at: EntityAt
  readonly closed: ClosedPeriods
  /** Of all entities so far; this one adds its own. */
  readonly conflicts: Conflict[]
  readonly cut: SourceCut
  readonly described: DescribedEntity | null
  readonly lines: PlanLines
  readonly needed: NeededRecords
  readonly referring: ReferringRecords
  readonly request: PlanRequest
  readonly stack: AsyncDisposableStack
}

/** `null` when the target does not have the entity, and none of its records come back. */
async function planEntity(
  deps: CompareDeps,
  planning: PlanningEntity,
  signal: AbortSignal,
): Promise<PlannedEntity | null> {
  const { at, described, lines, request } = planning
  const { entity } = at.schema
  const picks = await pickRecords(deps, at, request, signal)
  const { added, picked } = picks
  if (described === null && picked?.size === 0) return null
  if (described === null && picked === null) {
    await lines.addWhole(at)
    const step = { ...emptyStep(entity, 'create'), insert: at.facts.rows }
    const left: LeftRecords = new Map()
    const nothing = { undo: null, spool: null, moves: [], targetRows: 0 }
    return { at, described, picked, added, ...nothing, left, step }
  }
  const otherTypes = listWrittenTypes(at, described, picked)
  // What the target holds under another type is not written again: it might not stay what it is.
  const listsMax = otherTypes.length === 0 ? LISTS_MAX : Infinity
  const { uniqueFields = [] } = described ?? {}
  const counters = await findCounters(planning.cut, described)
  const countedFields = counters.map(({ field }) => field)
  const spooling = { countedFields, listsMax, signal, uniqueFields }
  const spool = planning.stack.use(new StepSpool(deps, at, spooling))
  const counts = { ...emptyStep(entity, described === null ? 'create' : 'repair'), otherTypes }
  await using decisions = new RecordDecisions(
    deps,
    { at, request, told: planning.conflicts },
    signal,
  )
  const isSameIn = openSameInFields(deps.digestKey, at.schema)
  const { closed, needed, referring } = planning
  const emptied = request.emptied ?? []
  const deciding = { at, closed, decisions, emptied, isSameIn, needed, referring, request }
  const records = { ...picks, ...deciding, lines: lines.entity(at), spool }
  const pairs = comparePairs(deps, planning, picks, signal)
  let differing = 0
  for (;;) {
    const next = await pairs.next()
    if (next.done === true) {
      const { right: targetRows, ...totals } = next.value
      const { left, ...decided } = decisions.totals()
      const same = picked === null ? totals.same : picked.size - differing
      const step = { ...counts, ...decided, same }
      const moves = planMoves(counters, spool)
      return { at, described, picked, added, moves, undo: null, spool, left, targetRows, step }
    }
    for (const pair of next.value) {
      const done = await planRecord(records, pair)
      if (done === null) continue
      if (!done.isAdded) differing += 1
      if (done.op !== null) counts[done.op] += 1
    }
  }
}

type PlanningRecords = Picked & {
  readonly at: EntityAt
  readonly closed: ClosedPeriods
  readonly decisions: RecordDecisions
  readonly emptied: readonly EmptiedReference[]
  readonly needed: NeededRecords
  readonly referring: ReferringRecords
  readonly isSameIn: SameInFields
  readonly lines: EntityLines
  readonly request: PlanRequest
  readonly spool: StepSpool
}

/** Plans what is done with a record that differs; `null`: it is none of the scope, or as it shall be. */
async function planRecord(
  { added, decisions, lines, picked, spool, ...judging }: PlanningRecords,
  pair: RecordPair,
): Promise<{ readonly op: Op | null; readonly isAdded: boolean } | null> {
  const hex = formatKeyHex(pair.key)
  const isAdded = added.has(hex)
  const op = isAdded ? judgeAdded(pair, judging.request) : judgePair(pair, { ...judging, picked })
  if (op === null || op === 'extra') return op && { op, isAdded }
  const decided = await decisions.decide(pair, picked?.get(hex) ?? null)
  if (decided.op !== 'write') {
    await lines.add(decided.op, pair, decided.fields, decided.notes)
    return { op: null, isAdded }
  }
  const { at, emptied, needed } = judging
  const write = emptyReferences(at.schema, emptied, { pair, fields: decided.fields })
  if (write.emptied.length > 0) decisions.leave(pair.key, write.emptied)
  if (write.fields?.length === 0) return { op: null, isAdded }
  needed.note(at.schema, write.pair, write.fields)
  judging.closed.note(at.schema, write.pair, write.fields)
  judging.referring.note(at.schema, op, write.pair, write.fields)
  await lines.add(op, write.pair, write.fields, decided.notes)
  await spool.append(op, write.pair, write.fields)
  return { op, isAdded }
}

/** Differences with the target, or with nothing where the target has no such table. */
function comparePairs(
  deps: CompareDeps,
  { at, cut, described }: PlanningEntity,
  picks: Picked,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  const only = keysOf(picks)
  if (described === null) return pairWithNothing(deps, at, { only, signal })
  const { added, picked } = picks
  const isTwinRefused = (key: Uint8Array) =>
    picked === null || picked.has(formatKeyHex(key)) || added.has(formatKeyHex(key))
  return pairWithTarget(deps, { at, cut, described }, { isTwinRefused, only, rows: true, signal })
}

/** Of fields that would be written, those of another type: all fields, unless some were picked. */
function listWrittenTypes(
  { schema }: EntityAt,
  described: DescribedEntity | null,
  picked: PickedRecords | null,
): OtherType[] {
  if (described === null) return []
  const lists = picked === null ? [null] : [...picked.values()]
  return listOtherTypes(schema, described).filter(({ field }) =>
    lists.some((fields) => fields === null || fields.includes(field)),
  )
}

type Op = 'insert' | 'update' | 'delete' | 'extra'

/**
 * What the point holds, too, belonged to somebody else then: it is not ours to delete. Neither is a
 * record of another system than the source, where the same key may long be somebody else's.
 */
function judgeAdded(
  { left, right }: RecordPair,
  { isDeleteAllowed, threeWays }: PlanRequest,
): Op | null {
  if (right === null) return null
  const isOurs = left === null && threeWays !== undefined && threeWays.captured !== null
  return isOurs && isDeleteAllowed ? 'delete' : 'extra'
}

/**
 * What happens to a record that differs; `null` when nothing does. Pure.
 *
 * @throws restore.record-missing when only fields are to be put back and there is no record to put them in
 */
function judgePair(
  pair: RecordPair,
  {
    at,
    isSameIn,
    picked,
    request,
  }: {
    readonly at: EntityAt
    readonly isSameIn: SameInFields
    readonly picked: PickedRecords | null
    readonly request: PlanRequest
  },
): Op | null {
  const fields = picked === null ? null : picked.get(formatKeyHex(pair.key))
  if (fields === undefined) return null
  if (pair.right === null) {
    if (fields !== null) throw missingRecord(at.schema, pair.key)
    return 'insert'
  }
  if (pair.left === null) return request.isDeleteAllowed ? 'delete' : 'extra'
  return fields !== null && isSameIn(pair, fields) ? null : 'update'
}

/** @throws restore.unreadable */
export function refuseUnreadable(described: DescribedEntity | null): void {
  if (described === null || described.missingGrant === null) return
  const { entity, missingGrant } = described
  throw new AppError(
    'restore.unreadable',
    `Cannot compare "${entity}" on the target: it may not be read, need ${missingGrant}`,
    { entity },
  )
}

export function emptyStep(entity: EntityName, action: EntityStep['action']) {
  return { entity, action, insert: 0, update: 0, delete: 0, extra: 0, same: 0, otherTypes: [] }
}

function missingRecord({ entity, key }: SchemaVersion, bytes: Uint8Array): AppError {
  const address = formatKeyAddress(bytes, key)
  const message = `Cannot restore fields of a record of "${entity}": the target does not have the record`
  return new AppError('restore.record-missing', message, { entity, key: address })
}
