import type { EntityAt } from '#history/entity-at'
import type { RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { emptyReferences } from './empty-references.ts'
import { formatKeyHex, type Picked, type PickedRecords } from './pick-records.ts'
import type { PlanFindings } from './plan-findings.ts'
import type { EntityLines } from './plan-lines.ts'
import type { PlanRequest } from './prepared-restore.ts'
import type { RecordDecisions } from './record-decisions.ts'
import type { SameInFields } from './same-in-fields.ts'
import type { StepSpool } from './step-spool.ts'

/** What the records of one entity are planned with. */
export type PlanningRecords = Picked & {
  readonly at: EntityAt
  readonly decisions: RecordDecisions
  readonly findings: PlanFindings
  readonly isSameIn: SameInFields
  readonly lines: EntityLines
  readonly request: PlanRequest
  readonly spool: StepSpool
}

/** Plans what is done with a record that differs; `null`: it is none of the scope, or as it shall be. */
export async function planRecord(
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
  const { at, findings, request } = judging
  const write = emptyReferences(at.schema, request.emptied ?? [], { pair, fields: decided.fields })
  if (write.emptied.length > 0) decisions.leave(pair.key, write.emptied)
  if (write.fields?.length === 0) return { op: null, isAdded }
  findings.note(at.schema, op, write.pair, write.fields)
  await lines.add(op, write.pair, write.fields, decided.notes)
  await spool.append(op, write.pair, write.fields)
  return { op, isAdded }
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

function missingRecord({ entity, key }: SchemaVersion, bytes: Uint8Array): AppError {
  const address = formatKeyAddress(bytes, key)
  const message = `Cannot restore fields of a record of "${entity}": the target does not have the record`
  return new AppError('restore.record-missing', message, { entity, key: address })
}
