import { sourceFields } from '#record/project'
import type { ReadRecord } from './record-fields.ts'

export type ChangedFields = {
  /** Fields of both whose values differ, by the later name. */
  readonly shared: readonly string[]
  /** Fields that only one of the two has. */
  readonly single: readonly string[]
}

/**
 * Which fields of a record are not what they were. A field is the same one by its id, whatever it is
 * called; one that was dropped and added again is the same one by its name. `null` is a value, absence
 * is none. Pure.
 */
export function compareFields(before: ReadRecord, after: ReadRecord): ChangedFields {
  if (before.schema === after.schema) {
    const names = sourceFields(after.schema).map(({ name }) => name)
    return {
      shared: names.filter((name) => before.fields[name] !== after.fields[name]),
      single: [],
    }
  }
  const left = sourceFields(before.schema)
  const right = sourceFields(after.schema)
  const keptIds = new Set(right.map(({ id }) => id))
  const gone = new Set(left.flatMap(({ id, name }) => (keptIds.has(id) ? [] : [name])))
  const nameById = new Map(left.map(({ id, name }) => [id, name]))
  const shared: string[] = []
  const single: string[] = []
  for (const { id, name } of right) {
    const earlier = nameById.get(id) ?? (gone.delete(name) ? name : undefined)
    if (earlier === undefined) single.push(name)
    else if (before.fields[earlier] !== after.fields[name]) shared.push(name)
  }
  return { shared, single: [...single, ...gone] }
}
