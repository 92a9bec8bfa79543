import type { EntityName } from '#record/entity-name'
import { formatPoint } from '#timeline/format-point'
import type { FoundPoint } from './points/find-point.ts'

/** What an answer says besides where a feed could not tell all that happened; else nothing. */
export type Provenness = {
  readonly proven?: false
  /** Of which point, and why, as a sentence. */
  readonly unproven?: string
}

/**
 * Whether what was asked of a point is known to be so: reading it goes on in any case.
 * @param asked `null`: all that the point holds
 */
export function provennessOf(
  { point, source }: Pick<FoundPoint, 'point' | 'source'>,
  asked: readonly EntityName[] | null = null,
): Provenness {
  const { unproven } = point
  if (unproven === null) return {}
  const address = formatPoint(source, point)
  if (typeof unproven === 'string') {
    return { proven: false, unproven: `${address} is unproven: ${unproven}` }
  }
  // Also what is missing, and should be there.
  const all = asked ?? [...unproven.keys()].sort()
  const [first, ...others] = all.filter((entity) => unproven.has(entity))
  if (first === undefined) return {}
  const more =
    others.length === 0
      ? ''
      : `; ${others.length} more ${others.length === 1 ? 'entity is' : 'entities are'} too`
  const found = `${first} is unproven: ${unproven.get(first)}`
  return { proven: false, unproven: `${found} (${address}${more})` }
}

/** Why one entity of a point is unproven; `undefined` when it is not. */
export function reasonOf(
  { unproven }: FoundPoint['point'],
  entity: EntityName,
): string | undefined {
  return typeof unproven === 'string' ? unproven : unproven?.get(entity)
}
