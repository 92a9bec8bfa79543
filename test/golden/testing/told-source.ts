import type { SourceCut } from '#connector/connector'
import { formatEntityName } from '#record/entity-name'
import type { DescribedEntity, DescribedField, DescribedKey } from '#record/schema'

/** A table as a test tells it: values are canonical field text. */
export type ToldTable = {
  readonly name: string
  /** By name: type, and what tells the field through renames. */
  readonly fields: readonly (Pick<DescribedField, 'name' | 'type'> & Partial<DescribedField>)[]
  readonly key: DescribedKey | null
  readonly rows: readonly (readonly string[])[]
}

/** A source that holds these tables and no others; rows come in the order they are told in. */
export function toldCut(tables: readonly ToldTable[], time: string): SourceCut {
  const told = tables
    .map((table) => ({ table, entity: describeTold(table) }))
    .sort((a, b) => (a.entity.entity < b.entity.entity ? -1 : 1))
  return {
    cut: { position: '0/0', time, identity: { system: 'told', database: 'made' } },
    readCatalogue: async () => ({
      entities: told.map(({ entity }) => entity),
      definition: { enums: [] },
      sequences: { 'public.asset_id_seq': String(tables.length) },
      notRestored: [{ kind: 'view', name: 'public.all_assets' }],
    }),
    async *scan({ entity }, fields) {
      const found = told.find((one) => one.entity.entity === entity)
      if (found === undefined) return
      const { table } = found
      const indexes = fields.map((name) => table.fields.findIndex((field) => field.name === name))
      const lines = table.rows.map((row) => `${indexes.map((i) => row[i] ?? '').join('\t')}\n`)
      for (const line of lines) yield { kind: 'rows', bytes: new TextEncoder().encode(line) }
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** As a catalogue has it. */
export function describeTold({ fields, key, name }: ToldTable): DescribedEntity {
  return {
    entity: formatEntityName(['public', name]),
    sourceId: null,
    fields: fields.map((field) => ({
      isNullable: true,
      sourceId: null,
      missing: null,
      ...field,
    })),
    key,
    foreignKeys: [],
    definition: { comment: name },
    scanOrder: 'none',
    missingGrant: null,
  }
}
