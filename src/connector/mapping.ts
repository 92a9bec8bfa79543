import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import type { CreatePlan } from './connector.ts'
import { nameTables } from './mapping/name-tables.ts'
import type { OwnType } from './mapping/neutral.ts'
import { PLATFORMS, type Platform } from './mapping/platforms.ts'
import type { SourceTables } from './mapping/source-tables.ts'
import type { MadeTable } from './mapping/write-tables.ts'

/** What becomes of a field, or of something else of a table, on another platform. */
export type MappedType = {
  readonly entity: EntityName
  /** `null` for a check, an index, a default: `from` names it. */
  readonly field: string | null
  readonly from: string
  /** `null`: it is left out. */
  readonly to: string | null
  /** Every value is kept, and means there what it meant. */
  readonly exact: boolean
  /** `null` where nothing is to say. */
  readonly why: string | null
}

/** How the tables of a point look on another platform. */
export type PlatformMapping = {
  readonly from: string
  readonly to: string
  readonly entities: ReadonlyMap<EntityName, EntityMapping>
  /** In the order of the point's tables and their fields. */
  readonly report: readonly MappedType[]
  /** What creates the tables of `schemas` there. */
  planTables(schemas: readonly SchemaVersion[]): CreatePlan
}

export type EntityMapping = {
  /** Under which name, and as which table. */
  readonly schema: SchemaVersion
  readonly fields: ReadonlyMap<string, FieldMapping>
}

export type FieldMapping = { readonly source: OwnType; readonly target: OwnType }

/** Whether tables of the one kind of system can be made in the other. */
export function isMappable(from: string, to: string): boolean {
  return from !== to && PLATFORMS[from] !== undefined && PLATFORMS[to] !== undefined
}

/**
 * Maps all tables of a point to another platform. The same tables give the same mapping, always.
 * @throws connector.mapping-refused when names do not go together there
 */
export function mapTables(from: string, to: string, tables: SourceTables): PlatformMapping {
  const source = PLATFORMS[from]
  const target = PLATFORMS[to]
  assert(source !== undefined && target !== undefined, 'Only mappable platforms are mapped.')
  const neutral = source.readTables(tables)
  const made = target.writeTables(neutral, nameTables(neutral, target))
  const entities = new Map<EntityName, EntityMapping>()
  const report: MappedType[] = []
  for (const [i, schema] of tables.schemas.entries()) {
    const read = neutral[i]
    const table = made.tables[i]
    assert(read !== undefined && table !== undefined, 'Every table is mapped.')
    const fields = new Map<string, FieldMapping>()
    for (const [n, field] of read.fields.entries()) {
      const own = table.fields[n]?.own
      assert(own !== undefined, 'Every field is mapped.')
      fields.set(field.name, { source: field, target: own })
      report.push(reportField({ entity: schema.entity, from: source }, field, own))
    }
    for (const { from: what, why } of table.unmapped) {
      report.push({ entity: schema.entity, field: null, from: what, to: null, exact: false, why })
    }
    entities.set(schema.entity, { schema: toTarget(schema, table), fields })
  }
  const { definition, sequences } = made
  const planTables = (schemas: readonly SchemaVersion[]) => ({
    schemas: schemas.flatMap(({ entity }) => entities.get(entity)?.schema ?? []),
    definition,
    sequences,
    mayTrail: true,
  })
  return { from, to, entities, report, planTables }
}

/** What becomes of the types of one platform on another, for those that a documentation names. */
export function listTypes(from: string, to: string): Omit<MappedType, 'entity' | 'field'>[] {
  const source = PLATFORMS[from]
  const target = PLATFORMS[to]
  assert(source !== undefined && target !== undefined, 'Only mappable platforms are mapped.')
  return source.examples.map((type) => {
    const read = source.readType(type, {})
    const own = target.writeType(read.neutral)
    const named = { ...read, name: type }
    const {
      entity: _,
      field: __,
      ...said
    } = reportField({ entity: '' as EntityName, from: source }, named, own)
    return said
  })
}

function reportField(
  { entity, from }: { readonly entity: EntityName; readonly from: Platform },
  { name, neutral, type, why }: OwnType & { readonly name: string },
  target: OwnType,
): MappedType {
  const isWhole = neutral.kind === 'float' && !from.hasOddFloats
  const said = [why, isWhole ? null : target.why].filter((one) => one !== null)
  return {
    entity,
    field: name,
    from: type,
    to: target.type,
    exact: said.length === 0,
    why: said.length === 0 ? null : said.join('; '),
  }
}

function toTarget(schema: SchemaVersion, { definition, entity, fields, foreignKeys }: MadeTable) {
  const typeByName = new Map(fields.map(({ name, own }) => [name, own.type]))
  return {
    ...schema,
    entity,
    sourceId: null,
    fields: schema.fields.map((field) => ({
      ...field,
      type: typeByName.get(field.name) ?? field.type,
      sourceId: null,
      missing: null,
    })),
    foreignKeys,
    definition,
  }
}
