import { expect, test } from 'vitest'
import type { FeedCatalogue } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { DescribedEntity } from '#record/schema'
import type { FollowedEntity } from './followed-entities.ts'
import { type CatalogueFacts, judgeCatalogue } from './judge-catalogue.ts'

const customer = 'public.customer' as EntityName
const note = 'public.note' as EntityName

function described(entity: EntityName, more: Partial<DescribedEntity> = {}): DescribedEntity {
  const field = { type: 'integer', isNullable: false, sourceId: '1', missing: null }
  return {
    entity,
    sourceId: entity,
    fields: [{ name: 'id', ...field }],
    key: { fields: ['id'], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
    scanOrder: 'key',
    missingGrant: null,
    ...more,
  }
}

function followed(entity: EntityName): [EntityName, FollowedEntity] {
  const { schema } = evolveSchema(undefined, described(entity))
  return [entity, { schema, rows: 1, fingerprint: 'f', isTold: false }]
}

function facts(more: Partial<CatalogueFacts> = {}): CatalogueFacts {
  return {
    entities: new Map([followed(customer)]),
    notFollowed: new Set(),
    ignored: new Set(),
    isIncluded: () => true,
    ...more,
  }
}

function catalogue(
  entities: readonly DescribedEntity[],
  told: readonly EntityName[] = entities.map(({ entity }) => entity),
): Pick<FeedCatalogue, 'catalogue' | 'followed'> {
  const rest = { definition: null, sequences: {}, notRestored: [] }
  return { catalogue: { entities, ...rest }, followed: new Set(told) }
}

const added = described(customer, {
  fields: [
    ...described(customer).fields,
    { name: 'vat', type: 'text', isNullable: true, sourceId: '2', missing: '\\N' },
  ],
})
const retyped = described(customer, {
  fields: described(customer).fields.map((field) => ({ ...field, type: 'bigint' })),
})

test('judgeCatalogue() of what is as it was wants nothing', () => {
  const answer = judgeCatalogue(facts(), catalogue([described(customer)]))
  expect(answer).toEqual({ scanWhy: null, evolved: [], lost: [] })
})

test('judgeCatalogue() takes a field that costs no row as a schema version', () => {
  const answer = judgeCatalogue(facts(), catalogue([added]))
  expect(answer).toMatchObject({ scanWhy: null, evolved: [{ version: 2, layout: 1 }], lost: [] })
})

test('judgeCatalogue() has what changes rows without a word scanned, and unproven until then', () => {
  const answer = judgeCatalogue(facts(), catalogue([retyped]))
  expect(answer).toMatchObject({ evolved: [], lost: [{ entity: customer }] })
  expect(answer.scanWhy).toContain(customer)
})

test('judgeCatalogue() has tables scanned that came or went, and not those that may not be read', () => {
  const both = [described(customer), described(note)]
  expect(judgeCatalogue(facts(), catalogue(both)).scanWhy).toBe(`${note} is new`)
  const hidden = [described(customer), described(note, { missingGrant: 'GRANT' })]
  expect(judgeCatalogue(facts(), catalogue(hidden)).scanWhy).toBeNull()
  const left = facts({ isIncluded: (entity) => entity !== note })
  expect(judgeCatalogue(left, catalogue(both)).scanWhy).toBeNull()
  expect(judgeCatalogue(facts(), catalogue([]))).toMatchObject({
    scanWhy: `${customer} is not there any more`,
    lost: [{ entity: customer, found: 'it is not there any more' }],
  })
  const known = facts({ ignored: new Set([customer]) })
  expect(judgeCatalogue(known, catalogue([])).lost).toEqual([])
})

test('judgeCatalogue() knows when an entity is told no more, and when it is told again', () => {
  const silent = catalogue([described(customer)], [])
  expect(judgeCatalogue(facts(), silent)).toMatchObject({
    scanWhy: `the changes of ${customer} are not told any more`,
    lost: [{ entity: customer }],
  })
  expect(judgeCatalogue(facts({ ignored: new Set([customer]) }), silent).lost).toEqual([])
  const left = facts({ notFollowed: new Set([customer]) })
  expect(judgeCatalogue(left, silent)).toEqual({ scanWhy: null, evolved: [], lost: [] })
  expect(judgeCatalogue(left, catalogue([described(customer)])).scanWhy).toContain('can be')
})
