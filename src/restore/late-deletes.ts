import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { EntityStep } from './restore-plan.ts'

export type EntityChange = { readonly schema: SchemaVersion; readonly step: EntityStep }

/**
 * Entities whose added rows can go only after the updates of the plan: a row that is to be updated
 * may still refer to one of them by a foreign key that would take it along. All others go first, so
 * that a value which has to be unique is free before it is taken. Pure.
 *
 * @param changes in the order in which rows can be added
 */
export function findLateDeletes(changes: readonly EntityChange[]): ReadonlySet<EntityName> {
  const late = new Set<EntityName>()
  for (const { schema, step } of changes.toReversed()) {
    for (const { entity, onDelete } of schema.foreignKeys) {
      const isUpdatedUnder = step.update > 0 && onDelete !== 'NO ACTION'
      // Rows that refer to others go before these.
      if (isUpdatedUnder || late.has(schema.entity)) late.add(entity)
    }
  }
  return late
}
