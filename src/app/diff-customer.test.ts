import { expect, test } from 'vitest'
import { signal } from '#vault/testing/a-vault'
import { diffCustomer } from './diff-customer.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const MAP = `
version: 1
sources:
  erp:
    entities:
      main.party: { role: customer, identity: { name: name } }
      main.item:
        role: other
        links:
          - { fields: [party], to: main.party }
          - { fields: [kind], to: main.kind, kind: reference }
      main.kind: { role: other-reference }
`
const SQL = `
  CREATE TABLE party (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE kind (code TEXT PRIMARY KEY, text TEXT);
  CREATE TABLE item (id INTEGER PRIMARY KEY, party INTEGER, kind TEXT, note TEXT, doc BLOB);
  INSERT INTO party VALUES (1, 'One'), (2, 'Two');
  INSERT INTO kind VALUES ('k', 'before'), ('l', 'same');
  INSERT INTO item VALUES (1, 1, 'k', 'moves', NULL), (2, 1, 'k', 'goes', NULL), (4, 1, 'l', 'old', NULL),
    (5, 1, 'k', 'large', zeroblob(100000)), (6, 1, 'k', 'stays', zeroblob(90000)), (7, 2, 'k', 'comes', NULL)
`
const DAY = `
  UPDATE item SET party = 2, note = 'moved' WHERE id = 1;
  DELETE FROM item WHERE id = 2;
  INSERT INTO item VALUES (3, 1, NULL, 'new', NULL);
  UPDATE item SET note = NULL WHERE id = 4;
  UPDATE item SET doc = randomblob(100000) WHERE id = 5;
  UPDATE item SET party = 1 WHERE id = 7;
  UPDATE kind SET text = 'after' WHERE code = 'k'
`

async function aDay(day: string) {
  const system = await vaultOfSql({ erp: SQL }, MAP)
  system.exec('erp', day)
  await system.backUp()
  return system
}

async function diff(
  { asking, vault }: VaultOfFiles,
  id: string,
  from: string[],
  to: string[] = [],
) {
  const request = { id, source: undefined, from, to, file: undefined }
  const found = await diffCustomer(asking, vault, request, signal)
  return found.changes.map(({ changed, entity, isOwned, key, op }) => {
    return `${op} ${entity}:${key} ${changed.join()}${isOwned ? '' : ' needed'}`
  })
}

test('diffCustomer() tells every change, also of large values and of whose a record is', async () => {
  using system = await aDay(DAY)
  expect(await diff(system, '1', ['erp@1'])).toEqual([
    'left main.item:1 party,note',
    'delete main.item:2 ',
    'insert main.item:3 ',
    'update main.item:4 note',
    'update main.item:5 doc',
    'joined main.item:7 party',
    'update main.kind:k text needed',
  ])
  expect(await diff(system, '1', ['erp@2'], ['erp@1'])).toContain('joined main.item:1 party,note')
  expect(await diff(system, '1', ['erp@2'])).toEqual([])
})

test('a system as it is now is one of the moments, both ways round, as if it had been backed up', async () => {
  using system = await vaultOfSql({ erp: SQL }, MAP)
  system.exec('erp', DAY)
  const now = await diff(system, '1', ['erp@1'], ['@live'])
  const undone = await diff(system, '1', ['erp@live'], ['erp@1'])
  expect(await diff(system, '1', ['@live'], ['erp@live'])).toEqual([])
  await system.backUp()
  expect(now).toEqual(await diff(system, '1', ['erp@1'], ['erp@2']))
  expect(now).toContain('update main.item:5 doc')
  expect(undone).toEqual(await diff(system, '1', ['erp@2'], ['erp@1']))
  expect(await diff(system, '1', ['erp@2'], ['@live'])).toEqual([])
})

test('a system that lacks an entity of the map is not compared', async () => {
  using system = await vaultOfSql({ erp: SQL }, MAP)
  system.exec('erp', 'DROP TABLE item')
  await expect(diff(system, '1', ['erp@1'], ['@live'])).rejects.toMatchObject({
    code: 'app.live-unreadable',
    message: expect.stringContaining('"erp"'),
  })
})

test('a customer that is gone at one of the moments is deleted with all it had', async () => {
  using system = await aDay('DELETE FROM item WHERE party = 2; DELETE FROM party WHERE id = 2')
  expect(await diff(system, '2', ['erp@1'])).toEqual([
    'delete main.party:2 ',
    'delete main.item:7 ',
  ])
  expect(await diff(system, '2', ['erp@2'], ['erp@1'])).toEqual([
    'insert main.party:2 ',
    'insert main.item:7 ',
  ])
  await expect(diff(system, '3', ['erp@1'])).rejects.toMatchObject({ code: 'customer.unknown' })
})

test('a record of an entity that lost a field says which', async () => {
  using system = await aDay(`DROP TABLE kind; CREATE TABLE kind (code TEXT PRIMARY KEY);
    INSERT INTO kind VALUES ('k')`)
  expect(await diff(system, '1', ['erp@1'])).toEqual(['update main.kind:k text needed'])
})
