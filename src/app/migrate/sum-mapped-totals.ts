import type { SourceCut } from '#connector/connector'
import { type NeutralField, readNeutralFields } from '#connector/neutral-fields'
import { type EntityAt, entityAt } from '#history/entity-at'
import type { PartReader } from '#migrate/open-part'
import { openTotals } from '#migrate/open-totals'
import type { Mapping } from '#migrate/parse-mapping'
import type { PartRule } from '#migrate/read-totals'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { scanFields } from '#record/project'
import { readRowTexts } from '#record/read-row-texts'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue } from '#record/schema'
import type { ReconciledTotal } from '#report/reconciliation'
import { sumTotal } from '#report/sum-totals'
import type { CompareDeps } from '#restore/compare-target'
import { refuseUnreadable } from '#restore/refuse-unreadable'
import { readStateRows } from '#restore/row-mask'
import { assert } from '#stdx/assert'
import type { FoundPoint } from '../points/find-point.ts'
import { unknownPlatform } from './map-point.ts'

export type TotalsToSum = {
  readonly found: FoundPoint
  readonly mapping: Mapping
  readonly target: {
    readonly name: string
    readonly connector: string
    readonly catalogue: Catalogue
    readonly cut: Pick<SourceCut, 'scan'>
  }
}

/** Sums up the totals of a mapping file, when it is asked to; both sides for themselves, unmapped. */
export type OpenedTotals = {
  sum(deps: CompareDeps, signal: AbortSignal): AsyncGenerator<ReconciledTotal, void, undefined>
}

/**
 * Looks up all that totals read, before anything is.
 * @throws migrate.mapping-unfit | app.other-platform
 */
export function openMappedTotals({ found, mapping, target }: TotalsToSum): OpenedTotals {
  const { point, source, state } = found
  const { catalogue, connector, cut, name } = target
  const here = point.entities.map(({ entity }) => entityAt(state, point, entity).schema)
  const there = catalogue.entities.map((described) => evolveSchema(undefined, described).schema)
  const { definition } = point.catalogue
  const { sequences } = point
  const named = new Set(mapping.totals.flatMap((total) => [total.source, total.target]).flat())
  const entities = new Set([...named].map(({ entity }) => entity))
  const captured = point.body.connector
  const readers = openTotals(
    mapping.totals,
    {
      source: {
        name: source,
        entities: fieldsOf(captured, { schemas: here, definition, sequences }, entities),
      },
      target: { name, entities: fieldsOf(connector, { ...catalogue, schemas: there }, entities) },
    },
    mapping.label,
  )
  const readerOf = (part: PartRule) => {
    const reader = readers.get(part)
    assert(reader !== undefined, 'Every part of a total was opened.')
    return reader
  }
  return {
    async *sum(deps, signal) {
      const valuesOf = (part: PartRule, side: 'source' | 'target') => {
        const reader = readerOf(part)
        if (side === 'source') {
          const at = entityAt(state, point, part.entity)
          return readPoint(deps, { at, reader }, signal)
        }
        const described = catalogue.entities.find(({ entity }) => entity === part.entity)
        assert(described !== undefined, 'Every part of a total was found.')
        refuseUnreadable(described)
        return readValues(cut.scan(described, reader.fields, signal), (row) => reader.read(row))
      }
      for (const total of mapping.totals) yield await sumTotal(total, valuesOf)
    },
  }
}

type Tables = Parameters<typeof readNeutralFields>[1]

/** Entities that are not named are known by their names only. */
function fieldsOf(
  connector: string,
  tables: Tables,
  named: ReadonlySet<EntityName>,
): ReadonlyMap<EntityName, ReadonlyMap<string, NeutralField>> {
  const schemas = tables.schemas.filter(({ entity }) => named.has(entity))
  const fields = readNeutralFields(connector, { ...tables, schemas })
  if (fields === null) throw unknownPlatform(connector)
  return new Map(tables.schemas.map(({ entity }) => [entity, fields.get(entity) ?? new Map()]))
}

type SourcePart = { readonly at: EntityAt; readonly reader: PartReader }

/** Of the rows as the point holds them. */
async function* readPoint(
  deps: CompareDeps,
  { at, reader }: SourcePart,
  signal: AbortSignal,
): AsyncGenerator<Values[], void, undefined> {
  const { schema } = at
  const names = scanFields(schema)
  const indexes = reader.fields.map((field) => names.indexOf(field))
  yield* readValues(readStateRows(deps, at, signal), (row) => {
    return reader.read(indexes.map((index) => row[index] ?? ''))
  })
}

type Values = readonly (string | null)[]

const BATCH_MAX = 1024

async function* readValues(
  rows: AsyncIterable<RowBatch>,
  read: PartReader['read'],
): AsyncGenerator<Values[], void, undefined> {
  let some: Values[] = []
  for await (const row of readRowTexts(rows)) {
    const values = read(row)
    if (values !== null) some.push(values)
    if (some.length < BATCH_MAX) continue
    yield some
    some = []
  }
  yield some
}
