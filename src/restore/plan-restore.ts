import { createHash, type Hash } from 'node:crypto'
import type { SourceCut } from '#connector/connector'
import { type EntityAt, entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import type { PairTotals, RecordPair } from '#history/pair-versions'
import { formatKeyAddress, parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import { AppError, isAppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { formatPoint } from '#timeline/format-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import {
  type CompareDeps,
  listOtherTypes,
  pairWithNothing,
  pairWithTarget,
} from './compare-target.ts'
import { orderEntities } from './order-entities.ts'
import type { EntityStep, OtherType, RestoreScope, TargetPlan } from './restore-plan.ts'
import { openSameInFields, type SameInFields } from './same-in-fields.ts'
import { StepSpool } from './step-spool.ts'
import type { UndoneEntity } from './undone-records.ts'

export type PlanRequest = {
  readonly state: TimelineState
  readonly point: Point
  readonly target: string
  readonly scope: RestoreScope
  /** Rows that the point does not hold are deleted; else they are left and counted. */
  readonly isDeleteAllowed: boolean
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
  /** Of an undo, which is about the records of one transaction; `at` is right before it. */
  readonly undo: PlannedUndo | null
  /** Rows that the target has of it, whatever they hold. */
  readonly targetRows: number
}

export type PlannedUndo = {
  readonly undone: UndoneEntity
  /** Records that the transaction changed. */
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
  { catalogue, cut, signal }: { catalogue: Catalogue; cut: SourceCut; signal: AbortSignal },
): Promise<PreparedRestore> {
  const { point, state } = request
  const wanted = entitiesOf(request.scope, point).map((entity) => entityAt(state, point, entity))
  const { order } = orderEntities(wanted.map(({ schema }) => schema))
  const atByEntity = new Map(wanted.map((at) => [at.schema.entity, at]))
  const hash = createHash('sha256')
  await using stack = new AsyncDisposableStack()
  const entities: PlannedEntity[] = []
  for (const entity of order) {
    const at = atByEntity.get(entity)
    if (at === undefined) continue
    const described = catalogue.entities.find((one) => one.entity === entity) ?? null
    refuseUnreadable(described)
    const planned = await planEntity(deps, { at, cut, described, hash, request, stack }, signal)
    entities.push(planned)
  }
  const steps = entities.map(({ step }) => step)
  const address = formatPoint(state.source, point)
  const { target } = request
  const { notRestored } = point.catalogue
  const plan = { point: address, target, steps, notRestored }
  const writesHash = hash.digest('hex')
  const kept = stack.move()
  return { plan, writesHash, point, entities, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The entities that a restore of `point` is about, known there or not. */
export function entitiesOf(scope: RestoreScope, point: Point): readonly EntityName[] {
  switch (scope.kind) {
    case 'all':
      return point.entities.map(({ entity }) => entity)
    case 'entities':
      return [...new Set(scope.entities)]
    case 'records':
      return [...new Set(scope.records.map(({ entity }) => entity))]
  }
}

type PlanningEntity = {
  readonly at: EntityAt
  readonly cut: SourceCut
  readonly described: DescribedEntity | null
  readonly hash: Hash
  readonly request: PlanRequest
  readonly stack: AsyncDisposableStack
}

async function planEntity(
  deps: CompareDeps,
  planning: PlanningEntity,
  signal: AbortSignal,
): Promise<PlannedEntity> {
  const { at, described, hash, request } = planning
  const { entity } = at.schema
  const picked = await pickRecords(deps, at, request, signal)
  hash.update(formatCanonicalJson({ entity, schema: at.facts.schema }))
  if (described === null && picked === null) {
    // Which point it is has its place in the hash; here is what it holds, as far as that is known.
    hash.update(at.facts.fingerprint ?? 'pending')
    const step = { ...emptyStep(entity, 'create'), insert: at.facts.rows }
    return { at, described, picked, undo: null, spool: null, targetRows: 0, step }
  }
  const spool = planning.stack.use(new StepSpool(deps, at, { signal }))
  const counts = {
    ...emptyStep(entity, described === null ? 'create' : 'repair'),
    otherTypes: listWrittenTypes(at, described, picked),
  }
  const isSameIn = openSameInFields(deps.digestKey, at.schema)
  const pairs = comparePairs(deps, planning, picked, signal)
  let differing = 0
  for (;;) {
    const next = await pairs.next()
    if (next.done === true) {
      const { right: targetRows, same } = next.value
      const step = { ...counts, same: picked === null ? same : picked.size - differing }
      return { at, described, picked, undo: null, spool, targetRows, step }
    }
    for (const pair of next.value) {
      const op = judgePair(pair, { at, isSameIn, picked, request })
      if (op === null) continue
      differing += 1
      counts[op] += 1
      if (op === 'extra') continue
      hash.update(formatWrite(op, pair, picked))
      await spool.append(op, pair, picked?.get(formatKeyHex(pair.key)) ?? null)
    }
  }
}

/** Differences with the target, or with nothing where the target has no such table. */
function comparePairs(
  deps: CompareDeps,
  { at, cut, described }: PlanningEntity,
  picked: PickedRecords | null,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  if (described === null) return pairWithNothing(deps, at, signal)
  const isTwinRefused = (key: Uint8Array) => picked?.has(formatKeyHex(key)) ?? true
  return pairWithTarget(deps, { at, cut, described }, { isTwinRefused, rows: true, signal })
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

/**
 * One write as the plan's hash takes it in: what is done to which record, the values it sets, and
 * those that it is done to.
 */
function formatWrite(
  op: Op,
  { key, left, right }: RecordPair,
  picked: PickedRecords | null,
): string {
  const hex = formatKeyHex(key)
  const [before, after] = [right, left].map((row) => row?.digest.toString(16) ?? null)
  return formatCanonicalJson({ op, key: hex, before, after, fields: picked?.get(hex) ?? null })
}

/** Keys in hex with the fields to put back, `null` for all of them. */
export type PickedRecords = ReadonlyMap<string, readonly string[] | null>

/** @throws history.record-unknown when the point does not hold a record that is not to be deleted either */
async function pickRecords(
  deps: CompareDeps,
  at: EntityAt,
  { isDeleteAllowed, scope }: PlanRequest,
  signal: AbortSignal,
): Promise<PickedRecords | null> {
  if (scope.kind !== 'records') return null
  const { entity, fields } = at.schema
  const known = new Set(fields.map(({ name }) => name))
  const picked = new Map<string, readonly string[] | null>()
  for (const record of scope.records.filter((one) => one.entity === entity)) {
    const unknown = record.fields?.find((field) => !known.has(field))
    if (unknown !== undefined) throw unknownField(entity, unknown)
    const mayBeGone = isDeleteAllowed && record.fields === null
    const hex = formatKeyHex(await findKey(deps, at, { address: record.key, mayBeGone }, signal))
    const before = picked.get(hex)
    const isWhole = record.fields === null || before === null
    picked.set(hex, isWhole ? null : [...new Set([...(before ?? []), ...(record.fields ?? [])])])
  }
  return picked
}

/** The key of a record of the point. One that is to be deleted is not there, and is named exactly. */
async function findKey(
  deps: CompareDeps,
  at: EntityAt,
  { address, mayBeGone }: { readonly address: string; readonly mayBeGone: boolean },
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return (await findRecord(deps.read, at, address, signal)).key
  } catch (error) {
    if (!mayBeGone || !isAppError(error, 'history.record-unknown')) throw error
    return parseKeyAddress(address, at.schema.key)
  }
}

function unknownField(entity: EntityName, field: string): AppError {
  const message = `Cannot restore field "${field}" of "${entity}": the point has no such field`
  return new AppError('restore.field-unknown', message, { entity, field })
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

export function formatKeyHex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}
