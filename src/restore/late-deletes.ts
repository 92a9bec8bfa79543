import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { groupActing } from './acting-cycles.ts'
import type { EntityStep } from './restore-plan.ts'

export type EntityChange = {
  readonly schema: SchemaVersion
  readonly step: EntityStep
  /** Of the target, without those of the key: no update changes it. */
  readonly uniqueFields?: readonly string[]
}

/**
 * Entities whose added rows can go only after updates of the plan: a row that is to be updated may still
 * refer to one of them by a foreign key that would take it along. All others go first, so that a value
 * which has to be unique is free before it is taken; for the same reason these go before the updates of
 * their own entity, unless these, or later ones, are what they have to wait for: then they are `last`.
 * Those that go together, as foreign keys take each other along in a cycle, are all `last` where one is late and
 * no value that has to be unique may have to be free for an update of theirs.
 * Pure.
 *
 * @param changes in the order in which rows can be added
 */
export function findLateDeletes(
  changes: readonly EntityChange[],
): ReadonlyMap<EntityName, 'after-referring' | 'last'> {
  const late = new Map<EntityName, 'after-referring' | 'last'>()
  const updated = new Set<EntityName>()
  for (const { schema, step } of changes.toReversed()) {
    const isLate = late.has(schema.entity)
    updated.add(schema.entity)
    for (const { entity, onDelete } of schema.foreignKeys) {
      const isUpdatedUnder = step.update > 0 && onDelete !== 'NO ACTION'
      if (isUpdatedUnder && updated.has(entity)) late.set(entity, 'last')
      else if ((isUpdatedUnder || isLate) && !late.has(entity)) late.set(entity, 'after-referring')
    }
  }
  for (const { schema } of findSplit(changes, late)) late.set(schema.entity, 'last')
  // Rows that refer to others go before these, around cycles, too.
  const last = [...late.keys()].filter((entity) => late.get(entity) === 'last')
  for (const waiting of last) {
    const schema = changes.find((change) => change.schema.entity === waiting)?.schema
    for (const { entity } of schema?.foreignKeys ?? []) {
      if (late.get(entity) === 'last') continue
      late.set(entity, 'last')
      last.push(entity)
    }
  }
  return late
}

/** Those of a cycle that takes each other along and of which one is late. */
function findSplit(
  changes: readonly EntityChange[],
  late: ReadonlyMap<EntityName, unknown>,
): readonly EntityChange[] {
  const cycles = groupActing(changes).filter((group) => group.length > 1)
  const split = cycles.filter((group) => group.some(({ schema }) => late.has(schema.entity)))
  const isFree = ({ step, uniqueFields = [] }: EntityChange) =>
    step.update === 0 || uniqueFields.length === 0
  return split.filter((group) => group.every(isFree)).flat()
}
