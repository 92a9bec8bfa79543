import * as z from 'zod'
import type { JsonValue } from '#record/schema'
import { assert } from '#stdx/assert'

/**
 * What a table needs to be created again: facts, and expressions as the server prints them with an
 * empty search path, so that every name in them is qualified. Kept in schema versions for years:
 * only add optional members. Members that hold their default are left out of the JSON.
 */
const text = z.string()
const textOrNull = z.string().nullable().default(null)
const flag = z.boolean().default(false)
const texts = z.array(z.string()).default([])
const qualified = z.object({ schema: text, name: text })

const columnDefinition = z.object({
  name: text,
  type: text,
  isNotNull: flag,
  /** From major 18 on: its own constraint; `isInherited` false is NO INHERIT. */
  notNull: z.object({ name: text, isInherited: flag }).nullable().default(null),
  collation: textOrNull,
  default: textOrNull,
  generated: textOrNull,
  /** `s` stored, `v` virtual. */
  generatedKind: z.enum(['s', 'v']).nullable().default(null),
  /** `a` always, `d` by default. */
  identity: z.enum(['a', 'd']).nullable().default(null),
  storage: z.enum(['p', 'e', 'm', 'x']).nullable().default(null),
  compression: z.enum(['p', 'l']).nullable().default(null),
  statistics: textOrNull,
  options: texts,
  /** Declared by parents only: a child does not repeat it. */
  isOnlyInherited: flag,
})

const constraintDefinition = z.object({
  name: text,
  /** `pg_constraint.contype`. */
  kind: z.enum(['p', 'u', 'x', 'c', 'f', 'n']),
  definition: text,
  /** Of a foreign key: the entity it refers to. */
  references: textOrNull,
})

const oneTable = {
  schema: text,
  name: text,
  isUnlogged: flag,
  options: texts,
  method: textOrNull,
  ofType: textOrNull,
  partitionKey: textOrNull,
  /** Tables it inherits from; of a partition the one it is part of. */
  parents: z.array(qualified).default([]),
  columns: z.array(columnDefinition).default([]),
  constraints: z.array(constraintDefinition).default([]),
  indexes: z.array(z.object({ name: text, definition: text })).default([]),
  clusteredOn: textOrNull,
  /** `d` the primary key, `n` nothing, `f` the whole row, `i` the index named next. */
  replicaIdentity: z.enum(['d', 'n', 'f', 'i']).default('d'),
  replicaIndex: textOrNull,
  /** Of a partition: `FOR VALUES ...`. */
  bound: textOrNull,
}
const partitionDefinition = z.object(oneTable)
const tableDefinition = z.object({
  ...oneTable,
  /** All partitions at any depth, each after the one it is part of. */
  partitions: z.array(partitionDefinition).default([]),
})

export type ColumnDefinition = z.output<typeof columnDefinition>
export type PartitionDefinition = z.output<typeof partitionDefinition>
export type TableDefinition = z.output<typeof tableDefinition>

const typeName = { schema: text, name: text, type: text }
const sharedDefinition = z.object({
  /** Every table there was, restored or not. */
  entities: texts,
  schemas: texts,
  extensions: z.array(z.object({ name: text, schema: text, types: texts })).default([]),
  collations: z
    .array(
      z.object({
        schema: text,
        name: text,
        provider: text,
        collate: textOrNull,
        ctype: textOrNull,
        locale: textOrNull,
        rules: textOrNull,
        isDeterministic: flag,
      }),
    )
    .default([]),
  enums: z.array(z.object({ ...typeName, labels: texts })).default([]),
  domains: z
    .array(
      z.object({
        ...typeName,
        base: text,
        isNotNull: flag,
        default: textOrNull,
        collation: textOrNull,
        constraints: z.array(z.object({ name: text, definition: text })).default([]),
      }),
    )
    .default([]),
  composites: z
    .array(
      z.object({
        ...typeName,
        attributes: z
          .array(z.object({ name: text, type: text, collation: textOrNull }))
          .default([]),
      }),
    )
    .default([]),
  ranges: z
    .array(
      z.object({
        ...typeName,
        subtype: text,
        multirange: textOrNull,
        operatorClass: textOrNull,
        collation: textOrNull,
        canonical: textOrNull,
        difference: textOrNull,
      }),
    )
    .default([]),
  sequences: z
    .array(
      z.object({
        schema: text,
        name: text,
        isUnlogged: flag,
        type: text,
        start: text,
        increment: text,
        min: text,
        max: text,
        cache: text,
        isCycle: flag,
        owner: z.object({ entity: text, column: text }).nullable().default(null),
        isIdentity: flag,
      }),
    )
    .default([]),
})

export type SharedDefinition = z.output<typeof sharedDefinition>
export type SequenceDefinition = SharedDefinition['sequences'][number]

export function parseTableDefinition(json: JsonValue): TableDefinition {
  return tableDefinition.parse(json)
}

export function parseSharedDefinition(json: JsonValue): SharedDefinition {
  return sharedDefinition.parse(json)
}

/** A definition as JSON, without members that hold their default. */
export function compactDefinition(definition: TableDefinition | SharedDefinition): JsonValue {
  const compact = compactValue(definition)
  assert(compact !== undefined, 'A definition is never empty.')
  return compact
}

function compactValue(value: unknown): JsonValue | undefined {
  if (value === null || value === undefined || value === false) return undefined
  if (typeof value === 'string' || value === true) return value
  if (Array.isArray(value)) {
    // Members of arrays keep their place: they are names and objects, never defaults.
    return value.length === 0 ? undefined : value.map((item) => compactValue(item) ?? {})
  }
  assert(typeof value === 'object', 'A definition holds text, flags, lists and objects.')
  const members = Object.entries(value).flatMap(([name, member]) => {
    const compact = compactValue(member)
    return compact === undefined ? [] : [[name, compact] as const]
  })
  return Object.fromEntries(members)
}
