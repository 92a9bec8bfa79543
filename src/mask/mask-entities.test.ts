import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { openKeyed } from './keyed.ts'
import { maskEntities, translationOf } from './mask-entities.ts'
import { parseMask } from './parse-mask.ts'

const keyed = openKeyed(Buffer.alloc(32, 1))

type Column = readonly [name: string, type: string, isNullable?: boolean]

/** The first field is the key. */
function aTable(name: string, columns: readonly Column[], refers?: string): SchemaVersion {
  const fields = columns.map(([field, type, isNullable = false], i) => {
    return { id: i + 1, name: field, type, isNullable, sourceId: null, missing: null }
  })
  const entity = parseEntityName(name)
  const foreignKeys =
    refers === undefined
      ? []
      : [
          {
            name: 'fk',
            fields: ['ref'],
            entity: parseEntityName(refers),
            referencedFields: ['id'],
            onDelete: 'NO ACTION',
            onUpdate: 'NO ACTION',
            isDeferrable: false,
          },
        ]
  return {
    ...{ entity, version: 1, generation: 1, layout: 1, sourceId: null, definition: null },
    ...{ fieldIdMax: fields.length, fields, sourceOrder: fields.map(({ id }) => id), foreignKeys },
    key: { kind: 'fields', fieldIds: [1], encodings: ['text'] },
  }
}

function judge(text: string, ...schemas: readonly SchemaVersion[]) {
  const mask = parseMask(`version: 1\n${text}`, 'mask.yaml')
  return maskEntities({ keyed, mask, source: 'crm' }, schemas)
}

const contact = aTable('main.contact', [
  ['id', 'varchar(9)'],
  ['name', 'varchar(6)'],
  ['note', 'text', true],
  ['score', 'integer'],
  ['tags', 'text[]', true],
])

test('every field that may hold text needs a rule, unless the file says what becomes of the rest', () => {
  expect(() => judge('', contact)).toThrow(
    /found 4 problems\n {2}main\.contact id \(varchar\(9\)\) has no rule\n[\s\S]*tags \(text\[\]\) has no rule/,
  )
  expect(translationOf(judge('unlisted: keep', contact).get(contact.entity) ?? [])).toBeNull()
  const rules = 'unlisted: redact\nfields: { id: keep, tags: "null", name: name }'
  const masks = judge(rules, contact).get(contact.entity) ?? []
  expect(masks.map(({ masker }) => masker)).toEqual(['keep', 'name', 'redact', 'keep', 'null'])
  expect(masks[1]?.value?.('Ada')).toHaveLength(6)
  expect(masks[2]?.value?.('whatever')).toBe('redacted')
  expect(masks[4]?.value?.('{a}')).toBeNull()
})

test.for([
  ['fields: { id: name }', 'line 2: main.contact id is part of the key'],
  ['fields: { name: "null" }', 'line 2: main.contact name cannot be null'],
  ['fields: { score: phone }', 'line 2: main.contact score is integer, which phone does not fit'],
  ['fields: { tags: freeText }', 'tags is text[], which freeText does not fit'],
  ['sources: { crm: { main.contact: { nam: name } } }', 'has no field "nam"; did you mean "name"?'],
  ['sources: { crm: { main.contakt: { name: name } } }', 'no entity "main.contakt"; did you mean'],
] as const)('a rule that cannot be kept is refused: %s', ([rules, found]) => {
  expect(() => judge(`${rules}\nunlisted: keep`, contact)).toThrow(found)
})

test('what refers to a masked key is masked as that is', () => {
  const note = aTable(
    'main.note',
    [
      ['no', 'integer'],
      ['ref', 'varchar(9)'],
    ],
    'main.contact',
  )
  expect(() => judge('unlisted: keep\nfields: { id: code }', contact, note)).toThrow(
    'main.note ref is keep and main.contact id, which it refers to, code',
  )
  const masks = judge('unlisted: keep\nfields: { id: code, ref: code }', contact, note)
  const [id, ref] = [masks.get(contact.entity)?.[0], masks.get(note.entity)?.[1]]
  expect(id?.value?.('K-1234')).toBe(ref?.value?.('K-1234'))
})
