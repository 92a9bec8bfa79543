import type { SourceCut } from '#connector/connector'
import type { RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { splitRowBytes } from '#record/row-text'
import type { Catalogue } from '#record/schema'
import { assert } from '#stdx/assert'
import { type CompareDeps, pairWithTarget } from './compare-target.ts'
import { formatKeyHex, type PickedRecords, type PlannedEntity } from './plan-restore.ts'

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
    const pairs = pairWithTarget(deps, { at: planned.at, cut, described }, { rows: true, signal })
    const found = await countDifferences(planned, pairs)
    const records = planned.picked === null ? planned.at.facts.rows : planned.picked.size
    sum = {
      records: sum.records + records,
      different: sum.different + found.different,
      extra: sum.extra + found.extra,
    }
  }
  return sum
}

async function countDifferences(
  planned: PlannedEntity,
  pairs: AsyncIterable<readonly RecordPair[]>,
): Promise<Omit<ReadBack, 'records'>> {
  const names = scanFields(planned.at.schema)
  let different = 0
  let extra = 0
  for await (const list of pairs) {
    for (const pair of list) {
      if (planned.picked !== null) different += isAsPicked(pair, planned.picked, names) ? 0 : 1
      else if (pair.left === null) extra += 1
      else different += 1
    }
  }
  return { different, extra }
}

/** Whether a record that differs as a whole is right in what was asked for. */
function isAsPicked(pair: RecordPair, picked: PickedRecords, names: readonly string[]): boolean {
  const fields = picked.get(formatKeyHex(pair.key))
  if (fields === undefined) return true
  if (fields === null || pair.left === null || pair.right === null) return false
  const left = splitRowBytes(pair.left.row)
  const right = splitRowBytes(pair.right.row)
  return fields.every((field) => {
    const index = names.indexOf(field)
    return Buffer.compare(left[index] ?? Buffer.of(), right[index] ?? Buffer.of()) === 0
  })
}
