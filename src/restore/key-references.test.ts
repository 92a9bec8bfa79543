import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import type { ForeignKey, KeyEncoding, SchemaVersion } from '#record/schema'
import { parseKeyPolicies } from './key-policy.ts'
import { findKeyReferences, readReference } from './key-references.ts'
import type { Need } from './needed-records.ts'

type Shape = {
  readonly key: readonly string[]
  readonly encodings?: readonly KeyEncoding[]
  readonly keys?: Readonly<Record<string, string>>
}

/** `keys`: a foreign key from a field, or several joined by commas, to `entity.field`. */
function aSchema(name: string, fields: readonly string[], { encodings, key, keys = {} }: Shape) {
  const foreignKeys = Object.entries(keys).map(([from, to], i): ForeignKey => {
    const places = to.split(',').map((place) => place.split('.'))
    return {
      name: `fk${i}`,
      fields: from.split(','),
      entity: (places[0]?.[0] ?? '') as EntityName,
      referencedFields: places.map(([, field]) => field ?? ''),
      ...{ onDelete: 'NO ACTION', onUpdate: 'NO ACTION', isDeferrable: false },
    }
  })
  const schema: SchemaVersion = {
    entity: name as EntityName,
    ...{ version: 1, generation: 1, layout: 1, sourceId: null, fieldIdMax: fields.length },
    fields: fields.map((name, i) => {
      return { id: i + 1, name, type: 'INTEGER', isNullable: true, sourceId: null, missing: null }
    }),
    sourceOrder: fields.map((_, i) => i + 1),
    key: {
      kind: 'fields',
      fieldIds: key.map((field) => fields.indexOf(field) + 1),
      encodings: encodings ?? key.map(() => 'integer'),
    },
    foreignKeys,
    definition: null,
  }
  return schema
}

const party = aSchema('party', ['id', 'parent'], { key: ['id'], keys: { parent: 'party.id' } })
const person = aSchema('person', ['id'], { key: ['id'], keys: { id: 'party.id' } })
const mail = aSchema('mail', ['id', 'person'], { key: ['id'], keys: { person: 'person.id' } })
const line = aSchema('line', ['party', 'no'], { key: ['party', 'no'], keys: { party: 'party.id' } })
const part = aSchema('part', ['party', 'no', 'id'], {
  key: ['id'],
  keys: { 'party,no': 'line.party,line.no' },
})
const country = aSchema('country', ['code'], { key: ['code'], encodings: ['text'] })
const all = [party, person, mail, line, part, country]

function find(keys: readonly string[], links: readonly Need[] = []) {
  const found = findKeyReferences(all, { links, policies: parseKeyPolicies(keys) })
  return Object.fromEntries(
    [...found].map(([entity, { isKeyChanged, minted, references }]) => [
      entity,
      {
        minted: minted !== null,
        isKeyChanged,
        names: references.map(({ field, to }) => `${field}>${to}`),
      },
    ]),
  )
}

test('single numbers are minted, keys made of them and references follow through other keys', () => {
  expect(find(['mint'])).toEqual({
    party: { minted: true, isKeyChanged: true, names: ['parent>party'] },
    person: { minted: false, isKeyChanged: true, names: ['id>party'] },
    mail: { minted: true, isKeyChanged: true, names: ['person>party'] },
    line: { minted: false, isKeyChanged: true, names: ['party>party'] },
    part: { minted: true, isKeyChanged: true, names: ['party>party'] },
  })
})

test('an entity that keeps its keys follows those that do not', () => {
  expect(find(['mint', 'party=keep'])).toEqual({
    mail: { minted: true, isKeyChanged: true, names: [] },
    part: { minted: true, isKeyChanged: true, names: [] },
  })
  expect(find(['party=mint', 'keep'])).toMatchObject({
    mail: { minted: false, isKeyChanged: false, names: ['person>party'] },
  })
  expect(find(['keep'])).toEqual({})
})

test('a link of the map counts as a foreign key does, where its conditions are met', () => {
  const when = [['no', '7']] as const
  const to = 'mail' as EntityName
  const link: Need = {
    ...{ by: 'line 3', entity: line.entity, fields: ['no'], to, toFields: ['id'] },
    ...{ when, none: ['0'], role: null, open: null },
  }
  const found = findKeyReferences(all, { links: [link], policies: parseKeyPolicies(['mint']) })
  const reference = found.get(line.entity)?.references.find((one) => one.to === to)
  if (reference === undefined) throw new Error('The link is a reference.')
  expect(readReference(reference, ['1', '7'])).toBe('7')
  expect(readReference(reference, ['1', '007'])).toBeNull()
  expect(readReference({ ...reference, when: [] }, ['1', '007'])).toBe('7')
  expect(readReference({ ...reference, when: [] }, ['1', '0'])).toBeNull()
  expect(readReference({ ...reference, when: [] }, ['1', '\\N'])).toBeNull()
  expect(readReference({ ...reference, when: [], beside: [0] }, ['\\N', '7'])).toBeNull()
})

test('policies are refused that say nothing, or two things', () => {
  for (const texts of [['both'], ['mint', 'keep'], ['a.b=mint', 'a.b=keep'], ['a.b=']]) {
    expect(() => parseKeyPolicies(texts), texts.join()).toThrow(/Cannot give keys by/)
  }
  expect(parseKeyPolicies(['main."a=b"=keep']).byEntity.size).toBe(1)
})
