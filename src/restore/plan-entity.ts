import type { SourceCut } from '#connector/connector'
import type { EntityAt } from '#history/entity-at'
import type { PairTotals, RecordPair } from '#history/pair-versions'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import {
  type CompareDeps,
  listOtherTypes,
  pairWithNothing,
  pairWithTarget,
} from './compare-target.ts'
import { findCounters, planMoves } from './move-counters.ts'
import {
  formatKeyHex,
  keysOf,
  type Picked,
  type PickedRecords,
  pickRecords,
} from './pick-records.ts'
import type { PlanFindings } from './plan-findings.ts'
import type { PlanLines } from './plan-lines.ts'
import { planRecord } from './plan-record.ts'
import type { PlannedEntity, PlanRequest } from './prepared-restore.ts'
import { type LeftRecords, RecordDecisions } from './record-decisions.ts'
import type { EntityStep, OtherType } from './restore-plan.ts'
import { openSameInFields } from './same-in-fields.ts'
import { StepSpool } from './step-spool.ts'

/** So many sets of fields are updated; records beyond them are written whole. */
const LISTS_MAX = 32

type PlanningEntity = {
  readonly at: EntityAt
  readonly cut: SourceCut
  readonly described: DescribedEntity | null
  readonly findings: PlanFindings
  readonly lines: PlanLines
  readonly request: PlanRequest
  readonly stack: AsyncDisposableStack
}

/** `null` when the target does not have the entity, and none of its records come back. */
export async function planEntity(
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
    { at, request, told: planning.findings.conflicts },
    signal,
  )
  const isSameIn = openSameInFields(deps.digestKey, at.schema)
  const deciding = { at, decisions, findings: planning.findings, isSameIn, request }
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

export function emptyStep(entity: EntityName, action: EntityStep['action']) {
  return { entity, action, insert: 0, update: 0, delete: 0, extra: 0, same: 0, otherTypes: [] }
}
