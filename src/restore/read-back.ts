import type { SourceCut } from '#connector/connector'
import type { RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import type { Catalogue } from '#record/schema'
import { assert } from '#stdx/assert'
import { type CompareDeps, type Compared, pairWithTarget } from './compare-target.ts'
import { listNotUndone } from './judge-records.ts'
import { formatKeyHex, keysOf, type PickedRecords } from './pick-records.ts'
import type { PlannedEntity } from './prepared-restore.ts'
import { openSameInFields, type SameInFields } from './same-in-fields.ts'

/** What reading back after a restore found. */
export type ReadBack = {
  /** Records of the plan that were looked at on the target. */
  readonly records: number
  /** Of these, how many are not what the plan says. */
  readonly different: number
  /** Rows of whole entities that the point does not hold. */
  readonly extra: number
}

/** Reads what a restore was about from the target at a new cut and compares it with the point. */
export async function readBack(
  deps: CompareDeps,
  {
    catalogue,
    cut,
    entities,
  }: { catalogue: Catalogue; cut: SourceCut; entities: readonly PlannedEntity[] },
  signal: AbortSignal,
): Promise<ReadBack> {
  let sum: ReadBack = { records: 0, different: 0, extra: 0 }
  for (const planned of entities) {
    const { entity } = planned.at.schema
    const described = catalogue.entities.find((one) => one.entity === entity)
    assert(described !== undefined, 'A table that a restore wrote is in the catalogue.')
    const found = await readEntityBack(deps, planned, { cut, described }, signal)
    sum = {
      records: sum.records + found.records,
      different: sum.different + found.different,
      extra: sum.extra + found.extra,
    }
  }
  return sum
}

async function readEntityBack(
  deps: CompareDeps,
  planned: PlannedEntity,
  { cut, described }: Omit<Compared, 'at'>,
  signal: AbortSignal,
): Promise<ReadBack> {
  const { at, picked, undo } = planned
  if (undo !== null) {
    const records = undo.touched - undo.conflicts.size
    let different = 0
    for await (const _ of listNotUndone(deps, undo, { cut, described, signal })) different += 1
    return { records, different, extra: 0 }
  }
  const options = { only: keysOf(planned), rows: true, signal }
  const pairs = pairWithTarget(deps, { at, cut, described }, options)
  const isSameIn = openSameInFields(deps.digestKey, at.schema)
  const records = picked === null ? at.facts.rows : picked.size
  return { records, ...(await countDifferences(planned, pairs, isSameIn)) }
}

async function countDifferences(
  { added, at, left, picked, step }: PlannedEntity,
  pairs: AsyncIterable<readonly RecordPair[]>,
  isSameIn: SameInFields,
): Promise<Omit<ReadBack, 'records'>> {
  const names = scanFields(at.schema)
  let different = 0
  let extra = 0
  for await (const list of pairs) {
    for (const pair of list) {
      const fields = left.get(formatKeyHex(pair.key))
      if (fields !== undefined && isAsLeft(pair, { fields, names, picked }, isSameIn)) continue
      if (added.has(formatKeyHex(pair.key))) {
        // The plan deletes all of them that the point does not hold, or none.
        if (pair.left === null && step.delete > 0) different += 1
        else extra += 1
      } else if (picked !== null) different += isAsPicked(pair, picked, isSameIn) ? 0 : 1
      else if (pair.left === null) extra += 1
      else different += 1
    }
  }
  return { different, extra }
}

/** Whether a record that was left as it was, in some fields or whole, is right in all others. */
function isAsLeft(
  pair: RecordPair,
  {
    fields,
    names,
    picked,
  }: {
    readonly fields: readonly string[] | null
    readonly names: readonly string[]
    readonly picked: PickedRecords | null
  },
  isSameIn: SameInFields,
): boolean {
  if (fields === null) return pair.left === null
  const asked = picked?.get(formatKeyHex(pair.key)) ?? names
  const written = asked.filter((name) => !fields.includes(name))
  return isSameIn(pair, written)
}

/** Whether a record that differs as a whole is right in what was asked for. */
function isAsPicked(pair: RecordPair, picked: PickedRecords, isSameIn: SameInFields): boolean {
  const fields = picked.get(formatKeyHex(pair.key))
  if (fields === undefined) return true
  return fields !== null && isSameIn(pair, fields)
}
