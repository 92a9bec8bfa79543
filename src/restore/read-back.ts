import { createHmac } from 'node:crypto'
import type { SourceCut } from '#connector/connector'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { parseLargeMarker, splitRowBytes } from '#record/row-text'
import type { Catalogue } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
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
    const found = await countDifferences(planned, pairs, compareValues(deps.digestKey))
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
  readValue: ReadValue,
): Promise<Omit<ReadBack, 'records'>> {
  const names = scanFields(planned.at.schema)
  let different = 0
  let extra = 0
  for await (const list of pairs) {
    for (const pair of list) {
      if (planned.picked !== null)
        different += isAsPicked(pair, { names, picked: planned.picked, readValue }) ? 0 : 1
      else if (pair.left === null) extra += 1
      else different += 1
    }
  }
  return { different, extra }
}

/** Whether a record that differs as a whole is right in what was asked for. */
function isAsPicked(
  pair: RecordPair,
  {
    names,
    picked,
    readValue,
  }: { picked: PickedRecords; names: readonly string[]; readValue: ReadValue },
): boolean {
  const fields = picked.get(formatKeyHex(pair.key))
  if (fields === undefined) return true
  const { left, right } = pair
  if (fields === null || left === null || right === null) return false
  return fields.every((field) => {
    const index = names.indexOf(field)
    return readValue(left, index) === readValue(right, index)
  })
}

/** A field of a row as a text that is equal where the values are. */
type ReadValue = (row: PairedRow, index: number) => string

/** Large values are compared by their keyed hash, which is how the vault knows them. */
function compareValues(digestKey: DigestKey): ReadValue {
  const { blob } = deriveDigestKeys(digestKey)
  return ({ large, row }, index) => {
    const text = Buffer.from(splitRowBytes(row)[index] ?? []).toString('latin1')
    const number = parseLargeMarker(text)
    const value = number === undefined ? undefined : large[number]
    if (value === undefined) return text
    if (value.kind === 'stored') return `large ${Buffer.from(value.ref.hash).toString('hex')}`
    const hash = createHmac('sha256', blob)
    for (const part of value.parts) hash.update(part)
    return `large ${hash.digest('hex')}`
  }
}
