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
    return { seq: i + 1, body: { entities } } as unknown as Point
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

test.each([
  ['all is to be copied', {}, true, [first]],
  ['the newest point does not hold it', {}, false, [first, null]],
  ['its table is another one', { sourceId: '101' }, false, [first]],
  ['its key is another one', { key: { fields: ['name'], encodings: ['text'] } }, false, [first]],
  ['it has no key any more', { key: null }, false, [first]],
] as const)('planEntities() starts a generation when %s', (_, change, isFull, plans) => {
  const next = plan(after(...plans), change as Partial<DescribedEntity>, { isFull })
  expect(next).toMatchObject({ isNewSchema: true, segments: [] })
  expect(next.schema).toMatchObject({ version: 2, generation: 2, layout: 2 })
  // What follows is compared with the new generation only.
  const following = plan(after(...plans, next), change as Partial<DescribedEntity>)
  expect(following.isNewSchema).toBe(false)
  expect(following.segments).toMatchObject([{ ref: { generation: 2 } }])
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
