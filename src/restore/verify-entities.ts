import type { SourceCut } from '#connector/connector'
import type { EntityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { Catalogue } from '#record/schema'
import { isAppError } from '#stdx/app-error'
import { type CompareDeps, pairWithTarget } from './compare-target.ts'

/** Whether a system holds what a point holds. `unproven`: it could not be looked at. */
export type Verdict = 'same' | 'differs' | 'unproven'

export type EntityVerdict = {
  readonly entity: EntityName
  readonly verdict: Verdict
  /** Rows of the point. */
  readonly rows: number
  readonly missing: number
  readonly extra: number
  readonly different: number
  /** Why it is unproven, or what stood in the way; absent when there is nothing to say. */
  readonly reason?: string
}

/**
 * Compares entities as a point holds them with a system, record by record, at the cut of the system.
 * Never says *same* of what it has not read completely.
 */
export async function* verifyEntities(
  deps: CompareDeps,
  { catalogue, cut, entities }: VerifyRequest,
  signal: AbortSignal,
): AsyncGenerator<EntityVerdict, void, undefined> {
  for (const at of entities) yield await verifyEntity(deps, { at, catalogue, cut }, signal)
}

export type VerifyRequest = {
  readonly catalogue: Catalogue
  readonly cut: SourceCut
  readonly entities: readonly EntityAt[]
}

/** The verdict over several: one difference is a difference, and one doubt is a doubt. */
export function joinVerdicts(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('differs')) return 'differs'
  return verdicts.includes('unproven') ? 'unproven' : 'same'
}

async function verifyEntity(
  deps: CompareDeps,
  { at, catalogue, cut }: { at: EntityAt; catalogue: Catalogue; cut: SourceCut },
  signal: AbortSignal,
): Promise<EntityVerdict> {
  const { entity } = at.schema
  const { rows } = at.facts
  const described = catalogue.entities.find((one) => one.entity === entity)
  const nothing = { entity, rows, missing: 0, extra: 0, different: 0 }
  if (described === undefined) {
    return { ...nothing, verdict: 'differs', missing: rows, reason: 'the table is not there' }
  }
  if (described.missingGrant !== null) {
    return { ...nothing, verdict: 'unproven', reason: `need ${described.missingGrant}` }
  }
  try {
    return { ...nothing, ...(await countPairs(deps, { at, cut, described }, signal)) }
  } catch (error) {
    if (!isAppError(error, 'restore.schema-differs')) throw error
    return { ...nothing, verdict: 'differs', different: rows, reason: error.message }
  }
}

async function countPairs(
  deps: CompareDeps,
  compared: Parameters<typeof pairWithTarget>[1],
  signal: AbortSignal,
): Promise<Pick<EntityVerdict, 'verdict' | 'missing' | 'extra' | 'different'>> {
  const counts = { missing: 0, extra: 0, different: 0 }
  for await (const pairs of pairWithTarget(deps, compared, { rows: false, signal })) {
    for (const { left, right } of pairs) {
      if (right === null) counts.missing += 1
      else if (left === null) counts.extra += 1
      else counts.different += 1
    }
  }
  const isSame = counts.missing + counts.extra + counts.different === 0
  return { ...counts, verdict: isSame ? 'same' : 'differs' }
}
