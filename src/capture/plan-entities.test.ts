import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { type EntityPlan, planEntities } from './plan-entities.ts'

const entity = 'public.customer' as EntityName

function described(change: Partial<DescribedEntity> = {}): DescribedEntity {
  const field = { isNullable: true, missing: null }
  return {
    entity,
    sourceId: '100',
    fields: [
      { ...field, name: 'id', type: 'bigint', sourceId: '1' },
      { ...field, name: 'name', type: 'text', sourceId: '2' },
    ],
    key: { fields: ['id'], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
    scanOrder: 'key',
    missingGrant: null,
    ...change,
  }
}

/** A timeline whose captures followed these plans; `null`: a capture without the entity. */
function after(...plans: readonly (EntityPlan | null)[]): TimelineState {
  const points = plans.map((plan, i): Point => {
    const entities = plan ? [{ entity, generation: plan.schema.generation }] : []
    return { seq: i + 1, entities } as unknown as Point
  })
  const segments = plans.flatMap((plan, i) =>
    plan ? [{ seq: i + 1, ref: { entity, generation: plan.schema.generation } }] : [],
  )
  const schemas = plans.flatMap((plan) => (plan?.isNewSchema ? [plan.schema] : []))
  const state = {
    points,
    schemas: new Map([[entity, schemas]]),
    segments: new Map([[entity, segments]]),
  }
  return state as unknown as TimelineState
}

function plan(
  state: TimelineState,
  change: Partial<DescribedEntity> = {},
  { isFull = false, isOtherSystem = false } = {},
) {
  const [first] = planEntities(state, [described(change)], { isFull, isOtherSystem })
  if (first === undefined) throw new Error('One entity has one plan.')
  return first
}

const first = plan(after())

test('planEntities() begins with the first schema and compares with nothing', () => {
  expect(first).toMatchObject({ isNewSchema: true, segments: [], schemas: [] })
  expect(first.schema).toMatchObject({ version: 1, generation: 1, layout: 1 })
})

test('planEntities() keeps a schema that is the same and compares with all segments of it', () => {
  const again = plan(after(first))
  expect(again).toMatchObject({ isNewSchema: false, segments: [{ seq: 1 }] })
  expect(again.schema).toBe(first.schema)
  expect(plan(after(first, again)).segments).toHaveLength(2)
})

test.each<[string, { change?: Partial<DescribedEntity>; isFull?: boolean; layout: number }]>([
  ['all is to be copied', { isFull: true, layout: 1 }],
  ['its table is another one', { change: { sourceId: '101' }, layout: 1 }],
  [
    'its key is another one',
    { change: { key: { fields: ['name'], encodings: ['text'] } }, layout: 2 },
  ],
  ['it has no key any more', { change: { key: null }, layout: 2 }],
])('planEntities() starts a generation when %s', (_, { change = {}, isFull = false, layout }) => {
  expectRestart([first], { change, isFull, layout })
})

test('planEntities() starts a generation when the newest point does not hold the entity', () => {
  expectRestart([first, null], { change: {}, isFull: false, layout: 1 })
})

function expectRestart(
  plans: readonly (EntityPlan | null)[],
  { change, isFull, layout }: { change: Partial<DescribedEntity>; isFull: boolean; layout: number },
): void {
  const next = plan(after(...plans), change, { isFull })
  expect(next).toMatchObject({ isNewSchema: true, segments: [] })
  // A row keeps its digest unless it is to be told from others in another way.
  expect(next.schema).toMatchObject({ version: 2, generation: 2, layout })
  // What follows is compared with the new generation only.
  const following = plan(after(...plans, next), change)
  expect(following.isNewSchema).toBe(false)
  expect(following.segments).toMatchObject([{ ref: { generation: 2 } }])
}

test('planEntities() keeps missing values over generations, which digests depend on', () => {
  const extra = { name: 'x', type: 'text', isNullable: true, sourceId: '3', missing: '7' }
  const fields = [...described().fields, extra]
  const added = plan(after(first), { fields })
  const missing = ({ schema }: EntityPlan) => schema.fields.map((field) => field.missing)
  expect(missing(plan(after(first, added), { fields }, { isFull: true }))).toEqual([
    null,
    null,
    '7',
  ])
  // The table that takes its place has the value in every row, and says so no more.
  const again = fields.map((field) => ({ ...field, missing: null }))
  const next = plan(after(first, added), { sourceId: '101', fields: again })
  expect(next.schema).toMatchObject({ version: 3, generation: 2, layout: 1 })
  expect(missing(next)).toEqual([null, null, '7'])
})

test('planEntities() starts a generation for an entity that came back in another shape', () => {
  const fields = described().fields.map((field) => ({ ...field, type: 'numeric' }))
  const next = plan(after(first, null), { fields })
  expect(next.schema).toMatchObject({ version: 2, generation: 2, layout: 2 })
  expect(next.schema.fields.map(({ missing, type }) => [type, missing])).toEqual([
    ['numeric', null],
    ['numeric', null],
  ])
})

test('planEntities() believes no internal numbers of another system', () => {
  // The same numbers by chance, for other fields.
  const fields = described().fields.map((field) => ({
    ...field,
    sourceId: field.name === 'id' ? '2' : '1',
  }))
  const next = plan(after(first), { fields }, { isOtherSystem: true })
  expect(next.schema).toMatchObject({ version: 2, generation: 1, layout: 1, sourceId: '100' })
  expect(next.schema.fields.map(({ id, name, sourceId }) => [id, name, sourceId])).toEqual([
    [1, 'id', '2'],
    [2, 'name', '1'],
  ])
  expect(next.segments).toHaveLength(1)
  // Another number of the table is no new table either.
  const moved = plan(after(first), { sourceId: '7' }, { isOtherSystem: true })
  expect(moved.schema).toMatchObject({ generation: 1, layout: 1, sourceId: '7' })
})
