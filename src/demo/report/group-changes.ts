import type { DiffLine, RecordFields } from '../demo-report-model.ts'

export type FieldChange = {
  readonly field: string
  readonly before: string | null
  readonly after: string | null
}

export type ValueGroup = {
  readonly before: string | null
  readonly after: string | null
  readonly count: number
}

export type FieldGroup = {
  readonly field: string
  readonly count: number
  /** Most frequent first; empty when they are too many to tell apart. */
  readonly values: readonly ValueGroup[]
  /** The one value that all of them became, if it is one. */
  readonly after: { readonly value: string | null } | null
}

export type EntityGroup = {
  readonly entity: string
  readonly op: DiffLine['op']
  readonly count: number
  readonly fields: readonly FieldGroup[]
}

/** More pairs of values than these are summed up in one line. */
const VALUES_MAX = 6

/** Sums changes up: entity and op, then field, then value before and after; most frequent first. */
export function groupChanges(lines: readonly DiffLine[]): EntityGroup[] {
  const groups = Map.groupBy(lines, ({ entity, op }) => `${op} ${entity}`)
  return byCount(
    Array.from(groups.values(), (members) => {
      const { entity = '', op = 'update' } = members[0] ?? {}
      const fields = op === 'update' ? groupFields(members) : []
      return { entity, op, count: members.length, fields }
    }),
  )
}

/** The fields of a record that differ; all fields for one that came or went. */
export function listFieldChanges({ before, after }: DiffLine): FieldChange[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  const changes = Array.from(names, (field) => ({
    field,
    before: readField(before, field),
    after: readField(after, field),
  }))
  const isUpdate = before !== null && after !== null
  return isUpdate ? changes.filter((change) => change.before !== change.after) : changes
}

function groupFields(lines: readonly DiffLine[]): FieldGroup[] {
  const changes = lines.flatMap(listFieldChanges)
  return byCount(
    Array.from(
      Map.groupBy(changes, ({ field }) => field),
      ([field, members]) => ({
        field,
        count: members.length,
        values: groupValues(members),
        after: findSameAfter(members),
      }),
    ),
  )
}

function groupValues(changes: readonly FieldChange[]): ValueGroup[] {
  const groups = new Map<string, ValueGroup>()
  for (const { before, after } of changes) {
    const id = JSON.stringify([before, after])
    groups.set(id, { before, after, count: (groups.get(id)?.count ?? 0) + 1 })
    if (groups.size > VALUES_MAX) return []
  }
  return byCount(Array.from(groups.values()))
}

function findSameAfter([first, ...others]: readonly FieldChange[]): FieldGroup['after'] {
  if (first === undefined || others.some(({ after }) => after !== first.after)) return null
  return { value: first.after }
}

function byCount<T extends { readonly count: number }>(groups: T[]): T[] {
  return groups.sort((a, b) => b.count - a.count)
}

function readField(fields: RecordFields | null, field: string): string | null {
  return fields !== null && Object.hasOwn(fields, field) ? (fields[field] ?? null) : null
}
