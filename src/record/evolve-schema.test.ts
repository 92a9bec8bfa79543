import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatEntityName } from './entity-name.ts'
import { evolveSchema } from './evolve-schema.ts'
import { padRow, scanFields, trimRow } from './project.ts'
import {
  type DescribedEntity,
  type DescribedField,
  type SchemaVersion,
  schemaVersionSchema,
} from './schema.ts'

const ENTITY = formatEntityName(['public', 'customer'])

function aField(name: string, changes: Partial<DescribedField> = {}): DescribedField {
  return { name, type: 'text', isNullable: true, sourceId: null, missing: null, ...changes }
}

function anEntity(
  fields: readonly DescribedField[],
  changes: Partial<DescribedEntity> = {},
): DescribedEntity {
  return {
    entity: ENTITY,
    sourceId: null,
    fields,
    key: { fields: [fields[0]?.name ?? ''], encodings: ['text'] },
    foreignKeys: [],
    definition: null,
    scanOrder: 'key',
    missingGrant: null,
    ...changes,
  }
}

function evolve(...steps: readonly DescribedEntity[]) {
  let schema: SchemaVersion | undefined
  let change = 'none'
  for (const step of steps) ({ schema, change } = evolveSchema(schema, step))
  if (schema === undefined) throw new Error('no step')
  return {
    change,
    ids: Object.fromEntries(schema.fields.map(({ id, name }) => [name, id])),
    schema,
  }
}

const A = aField('a', { sourceId: '1' })
const B = aField('b', { sourceId: '2' })

describe('evolveSchema()', () => {
  test('begins with version, generation, layout and ids at 1', () => {
    const { schema, change, ids } = evolve(anEntity([A, B], { sourceId: '16384' }))
    expect(change).toBe('generation')
    expect(schema).toMatchObject({ version: 1, generation: 1, layout: 1, fieldIdMax: 2 })
    expect(ids).toEqual({ a: 1, b: 2 })
    expect(schemaVersionSchema.parse(structuredClone(schema))).toEqual(schema)
  })

  test('returns the previous schema itself when nothing changed', () => {
    const first = evolveSchema(undefined, anEntity([A, B]))
    const second = evolveSchema(first.schema, anEntity([{ ...A }, { ...B }]))
    expect(second.change).toBe('none')
    expect(second.schema).toBe(first.schema)
  })

  test('keeps id and layout when the source proves a rename', () => {
    const renamed = { ...B, name: 'c' }
    const { schema, change, ids } = evolve(anEntity([A, B]), anEntity([A, renamed]))
    expect(change).toBe('fields')
    expect(ids).toEqual({ a: 1, c: 2 })
    expect(schema).toMatchObject({ version: 2, layout: 1 })
  })

  test('keeps ids apart when two fields swap their names', () => {
    const swapped = [
      { ...A, name: 'b' },
      { ...B, name: 'a' },
    ]
    const steps = [
      anEntity([A, B]),
      anEntity(swapped, { key: { fields: ['b'], encodings: ['text'] } }),
    ]
    expect(evolve(...steps)).toMatchObject({ change: 'fields', ids: { b: 1, a: 2 } })
  })

  test('takes a rename without proof as drop and add', () => {
    const { schema, change, ids } = evolve(
      anEntity([aField('a'), aField('b')]),
      anEntity([aField('a'), aField('c', { missing: '\\N' })]),
    )
    expect(change).toBe('layout')
    expect(ids).toEqual({ a: 1, c: 3 })
    expect(schema.fields.map(({ missing }) => missing)).toEqual([null, null])
  })

  test('keeps the layout when a field with a missing value is added', () => {
    const added = aField('c', { sourceId: '3', missing: '7' })
    const { schema, change } = evolve(anEntity([A, B]), anEntity([A, added, B]))
    expect(change).toBe('fields')
    expect(schema).toMatchObject({ layout: 1, sourceOrder: [1, 3, 2] })
    expect(scanFields(schema)).toEqual(['a', 'b', 'c'])
    expect(schema.fields[2]?.missing).toBe('7')
  })

  test('keeps a missing value when the source forgets or changes it', () => {
    const added = aField('c', { sourceId: '3', missing: '7' })
    const steps = [anEntity([A]), anEntity([A, added]), anEntity([A, { ...added, missing: null }])]
    expect(evolve(...steps)).toMatchObject({ change: 'none', schema: { layout: 1 } })
    expect(evolve(...steps).schema.fields[1]?.missing).toBe('7')
  })

  test.each<[string, DescribedEntity]>([
    ['a field without missing value is added', anEntity([A, B, aField('c', { sourceId: '3' })])],
    ['a field is dropped', anEntity([A])],
    ['a field is retyped', anEntity([A, { ...B, type: 'integer' }])],
    ['a field is dropped and added again', anEntity([A, { ...B, sourceId: '3', missing: '\\N' }])],
  ])('raises the layout when %s', (_, described) => {
    const { schema, change } = evolve(anEntity([A, B]), described)
    expect(change).toBe('layout')
    expect(schema).toMatchObject({ version: 2, layout: 2, generation: 1 })
  })

  test('forgets missing values when the layout is raised', () => {
    const c = aField('c', { sourceId: '3', missing: '7' })
    const { schema } = evolve(anEntity([A, B]), anEntity([A, B, c]), anEntity([A, c]))
    expect(schema.fields.map(({ missing }) => missing)).toEqual([null, null])
  })

  test('never gives the id of a dropped field again', () => {
    const c = aField('c', { sourceId: '3' })
    const { ids } = evolve(anEntity([A, B]), anEntity([A]), anEntity([A, c]))
    expect(ids).toEqual({ a: 1, c: 3 })
  })

  test.each<[string, DescribedEntity, number]>([
    [
      'the key has other fields',
      anEntity([A, B], { key: { fields: ['b'], encodings: ['text'] } }),
      2,
    ],
    [
      'the key has another encoding',
      anEntity([A, B], { key: { fields: ['a'], encodings: ['bytes'] } }),
      2,
    ],
    ['the key is gone', anEntity([A, B], { key: null }), 2],
    ['the table is another one', anEntity([A, B], { sourceId: '2' }), 1],
    [
      'the table is another one of another shape',
      anEntity([A, { ...B, type: 'integer' }], { sourceId: '2' }),
      2,
    ],
  ])('begins a generation when %s', (_, described, layout) => {
    const { schema, change, ids } = evolve(anEntity([A, B], { sourceId: '1' }), described)
    expect(change).toBe('generation')
    expect(schema).toMatchObject({ version: 2, layout, generation: 2 })
    expect(ids).toEqual({ a: 1, b: 2 })
  })

  test('begins a generation when a keyless entity gets a key', () => {
    expect(evolve(anEntity([A], { key: null }), anEntity([A])).change).toBe('generation')
  })

  test('goes by names when the table is another one', () => {
    const swapped = [
      { ...A, name: 'b' },
      { ...B, name: 'a' },
    ]
    const steps = [anEntity([A, B], { sourceId: '1' }), anEntity(swapped, { sourceId: '2' })]
    expect(evolve(...steps).ids).toEqual({ a: 1, b: 2 })
  })

  test('keeps the generation when the key field is provably renamed', () => {
    const renamed = { ...A, name: 'id' }
    expect(evolve(anEntity([A, B]), anEntity([renamed, B])).change).toBe('fields')
  })

  test.each<[string, DescribedEntity]>([
    ['the definition', anEntity([A, B], { definition: { checks: ['a > 0'] } })],
    ['nullability', anEntity([A, { ...B, isNullable: false }])],
    ['the order of the fields', anEntity([B, A], { key: { fields: ['a'], encodings: ['text'] } })],
  ])('makes a version of the same layout when only %s changed', (_, described) => {
    const { schema, change } = evolve(anEntity([A, B]), described)
    expect(change).toBe('definition')
    expect(schema).toMatchObject({ version: 2, layout: 1, generation: 1 })
  })

  test('learns source ids it did not know', () => {
    const steps = [anEntity([aField('a')]), anEntity([A], { sourceId: '9' })]
    expect(evolve(...steps)).toMatchObject({ change: 'definition', schema: { sourceId: '9' } })
  })
})

/** A table the naive way: columns that know their number, rows that know every column. */
type Table = {
  /** Of the table that has the name now. */
  serial: number
  columns: {
    number: number
    /** Its number in the table that has the name now. */
    sourceNumber: number
    name: string
    type: string
    missing: string | null
  }[]
  rows: Map<number, string>[]
  numberMax: number
  sourceNumberMax: number
}

type Edit =
  | { readonly kind: 'add'; readonly missing: string | null; readonly at: number }
  | { readonly kind: 'drop' | 'rename' | 'retype' | 'insert' | 'recreate'; readonly at: number }

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    missing: fc.constantFrom(null, '\\N', '', '7'),
    at: fc.nat(9),
  }),
  fc.record({
    kind: fc.constantFrom('drop', 'rename', 'retype', 'insert', 'insert', 'recreate' as const),
    at: fc.nat(9),
  }) as fc.Arbitrary<Edit>,
)

function applyEdit(table: Table, step: Edit, serial: number): void {
  const at = 1 + (step.at % Math.max(1, table.columns.length - 1))
  const column = table.columns[at]
  if (step.kind === 'add') {
    table.numberMax += 1
    table.sourceNumberMax += 1
    const { missing } = step
    const [number, sourceNumber] = [table.numberMax, table.sourceNumberMax]
    table.columns.splice(at, 0, { number, sourceNumber, name: `f${serial}`, type: 'text', missing })
    for (const row of table.rows) row.set(number, missing ?? `filled${serial}`)
  } else if (step.kind === 'insert') {
    const values = table.columns.map(({ number, missing }): [number, string] => [
      number,
      serial % 2 === 0 ? `v${serial}` : (missing ?? ''),
    ])
    table.rows.push(new Map(values))
  } else if (step.kind === 'recreate') {
    // The same rows in a new table, which counts its fields anew, all there from the start.
    table.serial = serial
    table.sourceNumberMax = table.columns.length
    for (const [i, each] of table.columns.entries()) {
      each.missing = null
      each.sourceNumber = table.columns.length - i
    }
  } else if (column !== undefined) {
    if (step.kind === 'drop') table.columns.splice(at, 1)
    if (step.kind === 'rename') column.name = `r${serial}`
    if (step.kind === 'retype') column.type = `type${serial}`
  }
}

function describeTable(table: Table, hasSourceIds: boolean): DescribedEntity {
  return anEntity(
    table.columns.map(({ sourceNumber, name, type, missing }) =>
      aField(name, { type, missing, sourceId: hasSourceIds ? String(sourceNumber) : null }),
    ),
    { sourceId: hasSourceIds ? String(table.serial) : null },
  )
}

describe('evolveSchema() against a naive model', () => {
  test('a row of any older version of the layout reads as the same named values', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 25 }), fc.boolean(), (edits, hasSourceIds) => {
        const table: Table = {
          serial: 0,
          columns: [{ number: 1, sourceNumber: 1, name: 'k', type: 'text', missing: null }],
          rows: [],
          numberMax: 1,
          sourceNumberMax: 1,
        }
        const idMeanings = new Map<number, number>()
        /** Row texts as first written, rewritten only when the layout is another one. */
        let stored = new Map<Map<number, string>, string[]>()
        let schema: SchemaVersion | undefined
        for (const [serial, step] of [{ kind: 'insert', at: 0 } as const, ...edits].entries()) {
          applyEdit(table, step, serial)
          const before = schema
          schema = evolveSchema(before, describeTable(table, hasSourceIds)).schema
          if (before?.layout !== schema.layout) stored = new Map()
          const numberByName = new Map(table.columns.map(({ name, number }) => [name, number]))
          for (const { id, name } of schema.fields) {
            const number = numberByName.get(name) ?? 0
            expect(idMeanings.get(id) ?? number).toBe(number)
            idMeanings.set(id, number)
          }
          const names = scanFields(schema)
          for (const row of table.rows) {
            const now = names.map((name) => row.get(numberByName.get(name) ?? 0) ?? '')
            const text = stored.get(row) ?? trimRow(now, schema)
            stored.set(row, text)
            expect(padRow(text, schema)).toEqual(now)
            // The digest is that of this text, and all there is to know a record without key again.
            expect(trimRow(now, schema)).toEqual(text)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
