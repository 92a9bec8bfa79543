import { createHash, type Hash } from 'node:crypto'
import type { SourceCut } from '#connector/connector'
import { type EntityAt, entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import type { RecordPair } from '#history/pair-versions'
import { parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { type CompareDeps, pairWithNothing, pairWithTarget } from './compare-target.ts'
import { orderEntities } from './order-entities.ts'
import type { EntityStep, RestorePlan, RestoreScope } from './restore-plan.ts'
import { StepSpool } from './step-spool.ts'

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
}

/** A plan with everything that carrying it out needs; holds spools until disposed. */
export type PreparedRestore = AsyncDisposable & {
  readonly plan: RestorePlan
  readonly point: Point
  /** In the order in which rows can be added. */
  readonly entities: readonly PlannedEntity[]
  readonly cyclic: ReadonlySet<EntityName>
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
  const wanted = entitiesOf(request).map((entity) => entityAt(state, point, entity))
  const { cyclic, order } = orderEntities(wanted.map(({ schema }) => schema))
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
  const address = `${state.source}@${point.seq}`
  const { target } = request
  hash.update(formatCanonicalJson({ point: address, target, steps }))
  const { notRestored } = point.catalogue
  const plan = { plan: hash.digest('hex'), point: address, target, steps, notRestored }
  const kept = stack.move()
  return { plan, point, entities, cyclic, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function entitiesOf({ point, scope }: PlanRequest): readonly EntityName[] {
  switch (scope.kind) {
    case 'all':
      return point.body.entities.map(({ entity }) => entity)
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
  const picked = await pickRecords(deps, at, request, signal)
  hash.update(formatCanonicalJson({ entity: at.schema.entity, schema: at.facts.schema }))
  if (described === null && picked === null) {
    hash.update(at.facts.fingerprint)
    return {
      at,
      described,
      picked,
      spool: null,
      step: formatStep(at, 'create', { insert: at.facts.rows }),
    }
  }
  const spool = planning.stack.use(new StepSpool(deps, { at, picked }, signal))
  const counts = { insert: 0, update: 0, delete: 0, extra: 0, same: 0 }
  const pairs = comparePairs(deps, planning, signal)
  for (let next = await pairs.next(); ; next = await pairs.next()) {
    if (next.done === true) {
      counts.same = next.value
      break
    }
    for (const pair of next.value) {
      const op = judgePair(pair, picked, request.isDeleteAllowed)
      if (op === 'ignored') continue
      counts[op] += 1
      if (op === 'extra') continue
      hash.update(op).update(pair.key).update(formatDigest(pair))
      await spool.append(op, pair)
    }
  }
  const action = described === null ? 'create' : 'repair'
  return { at, described, picked, spool, step: formatStep(at, action, counts) }
}

/** Differences with the target, or with nothing where the target has no such table; returns how many are the same. */
/** Differences with the target, or with nothing where the target has no such table; returns how many are the same. */
async function* comparePairs(
  deps: CompareDeps,
  { at, cut, described }: PlanningEntity,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], number, undefined> {
  if (described === null) return (yield* pairWithNothing(deps, at, signal)).same
  return (yield* pairWithTarget(deps, { at, cut, described }, { rows: true, signal })).same
}

type Op = 'insert' | 'update' | 'delete' | 'extra' | 'ignored'

/** What happens to a record that differs. Pure. */
function judgePair(pair: RecordPair, picked: PickedRecords | null, isDeleteAllowed: boolean): Op {
  if (picked !== null && !picked.has(formatKeyHex(pair.key))) return 'ignored'
  if (pair.right === null) return 'insert'
  if (pair.left !== null) return 'update'
  return isDeleteAllowed ? 'delete' : 'extra'
}

/** Keys in hex with the fields to put back, `null` for all of them. */
export type PickedRecords = ReadonlyMap<string, readonly string[] | null>

/** @throws history.record-unknown when the point does not hold a record, and deleting it was not allowed */
async function pickRecords(
  deps: CompareDeps,
  at: EntityAt,
  { isDeleteAllowed, scope }: PlanRequest,
  signal: AbortSignal,
): Promise<PickedRecords | null> {
  if (scope.kind !== 'records') return null
  const { entity, fields, key } = at.schema
  const known = new Set(fields.map(({ name }) => name))
  const picked = new Map<string, readonly string[] | null>()
  for (const record of scope.records.filter((one) => one.entity === entity)) {
    const unknown = record.fields?.find((field) => !known.has(field))
    if (unknown !== undefined) throw unknownField(entity, unknown)
    const bytes = parseKeyAddress(record.key, key)
    if (!isDeleteAllowed)
      await findRecord(deps.read, at, { key: bytes, address: record.key }, signal)
    const hex = formatKeyHex(bytes)
    const before = picked.get(hex)
    const isWhole = record.fields === null || before === null
    picked.set(hex, isWhole ? null : [...(before ?? []), ...(record.fields ?? [])])
  }
  return picked
}

function unknownField(entity: EntityName, field: string): AppError {
  const message = `Cannot restore field "${field}" of "${entity}": the point has no such field`
  return new AppError('restore.field-unknown', message, { entity, field })
}

function refuseUnreadable(described: DescribedEntity | null): void {
  if (described === null || described.missingGrant === null) return
  const { entity, missingGrant } = described
  throw new AppError(
    'restore.unreadable',
    `Cannot compare "${entity}" on the target: it may not be read, need ${missingGrant}`,
    { entity },
  )
}

function formatStep(
  at: EntityAt,
  action: EntityStep['action'],
  counts: Partial<Omit<EntityStep, 'entity' | 'action'>>,
): EntityStep {
  const none = { insert: 0, update: 0, delete: 0, extra: 0, same: 0 }
  return { entity: at.schema.entity, action, ...none, ...counts }
}

function formatDigest({ left }: RecordPair): string {
  return (left?.digest ?? 0n).toString(16)
}

export function formatKeyHex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}
