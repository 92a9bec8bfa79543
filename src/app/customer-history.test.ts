import { expect, test } from 'vitest'
import { chooseMoments } from '#customer/choose-moments'
import type { Point } from '#timeline/timeline-state'
import { signal } from '#vault/testing/a-vault'
import { customerHistory } from './customer-history.ts'
import { decideIdentity } from './decide-identity.ts'
import { silentProgress } from './progress.ts'
import { vaultOfSql } from './testing/vault-of-files.ts'

const MAP = `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { number: id, taxId: vat } }
  erp:
    entities:
      main.debtor: { role: customer, identity: { number: number, taxId: vat } }
      main.item: { role: other, links: [{ fields: [debtor], to: main.debtor }] }
`

test('customerHistory() merges the versions of all that ever belonged to a customer', async () => {
  using system = await vaultOfSql(
    {
      crm: `CREATE TABLE account (id INTEGER PRIMARY KEY, vat TEXT, name TEXT);
      INSERT INTO account VALUES (1, 'DE1', 'One'), (2, 'DE2', 'Two')`,
      erp: `CREATE TABLE debtor (number TEXT PRIMARY KEY, vat TEXT);
      CREATE TABLE item (id INTEGER PRIMARY KEY, debtor TEXT, note TEXT);
      INSERT INTO debtor VALUES ('D1', 'DE1'), ('D2', 'DE2');
      INSERT INTO item VALUES (1, 'D1', 'a'), (2, 'D2', 'b')`,
    },
    MAP,
  )
  const steps: readonly [string, string][] = [
    ['erp', "INSERT INTO item VALUES (3, 'D1', 'passing')"],
    ['erp', "DELETE FROM item WHERE id = 3; UPDATE item SET note = 'b2' WHERE id = 2"],
    ['crm', "UPDATE account SET name = 'New' WHERE id = 1"],
    ['erp', 'DELETE FROM item WHERE id = 1'],
  ]
  for (const [source, sql] of steps) {
    system.exec(source, sql)
    await system.backUp()
  }
  const deps = { configPath: '/nowhere/holdfast.yaml', progress: silentProgress }
  const request = { id: 'D1', source: undefined, file: undefined }
  const history = await customerHistory(deps, system.vault, request, signal)
  const told = history.versions.map(({ changed, entity, key, op, point }) => {
    return `${point} ${op} ${entity}:${key}${op === 'update' ? ` ${changed.join()}` : ''}`
  })
  expect([...told].sort()).toEqual([
    'crm@1 insert main.account:1',
    'crm@4 update main.account:1 name',
    'erp@1 insert main.debtor:D1',
    'erp@1 insert main.item:1',
    'erp@2 insert main.item:3',
    'erp@3 delete main.item:3',
    'erp@5 delete main.item:1',
  ])
  const times = history.versions.map(({ time }) => time)
  expect(times).toEqual([...times].sort().reverse())
  expect(history).toMatchObject({ records: 4, moments: { looked: 10, of: 10 } })
  await expect(
    customerHistory(deps, system.vault, { ...request, id: 'D3' }, signal),
  ).rejects.toMatchObject({ code: 'customer.unknown' })
})

test('customerHistory() tells what a system merged, of either side, and what people decided', async () => {
  using system = await vaultOfSql({
    crm: 'CREATE TABLE account (id INTEGER PRIMARY KEY, vat TEXT, name TEXT)',
    erp: `CREATE TABLE debtor (number TEXT PRIMARY KEY, vat TEXT, merged_into TEXT);
      CREATE TABLE item (id INTEGER PRIMARY KEY, debtor TEXT, note TEXT);
      INSERT INTO debtor VALUES ('D1', 'DE1', NULL), ('D2', 'DE2', NULL), ('D3', 'DE3', NULL), ('D4', 'DE4', NULL);
      INSERT INTO item VALUES (1, 'D1', 'a'), (2, 'D2', 'b'), (3, 'D2', 'c'), (4, 'D3', 'd'), (5, 'D4', 'e'), (6, 'D4', 'f')`,
  })
  const links = 'links: [{ fields: [merged_into], to: main.debtor, kind: reference }]'
  const map = MAP.replace(
    'identity: { number: number, taxId: vat } }',
    `identity: { number: number, taxId: vat }, ${links} }`,
  )
  await system.vault.putDocument('customers', map, signal)
  const steps = [
    "UPDATE item SET debtor = 'D1' WHERE debtor = 'D2'; DELETE FROM debtor WHERE number = 'D2'",
    "UPDATE item SET debtor = 'D1', note = 'x' WHERE debtor = 'D3'; UPDATE debtor SET merged_into = 'D1' WHERE number = 'D3'",
    "UPDATE item SET debtor = 'D1' WHERE id = 5",
  ]
  for (const sql of steps) {
    system.exec('erp', sql)
    await system.backUp()
  }
  const ids = ['erp=D1', 'erp=D4'] as const
  const decided = { decision: 'apart', ids, because: 'two firms', at: [], file: undefined } as const
  await decideIdentity(system.asking, system.vault, decided, signal)
  const tell = async (id: string) => {
    const request = { id, source: 'erp', file: undefined }
    const { decisions, moves } = await customerHistory(system.asking, system.vault, request, signal)
    const told = moves.map(({ from, kind, point, records, to }) => {
      return `${point} ${kind} ${from} ${to} ${records.map(({ count, entity }) => `${count} ${entity}`).join()}`
    })
    return [...told, ...decisions.map(({ because, stands }) => `${because} ${stands}`)]
  }
  const [d4, d3, d2] = [
    'erp@4 moved D4 D1 1 main.item',
    'erp@3 merged D3 D1 1 main.item',
    'erp@2 merged D2 D1 2 main.item',
  ]
  expect(await tell('D1')).toEqual([d4, d3, d2, 'two firms true'])
  expect(await tell('D2')).toEqual([d2])
  expect(await tell('D3')).toEqual([d3])
  expect(await tell('D4')).toEqual([d4, 'two firms true'])
})

const aPoint = (seq: number, time: string) =>
  ({ seq, body: { cut: { time: `2026-01-${time}T00:00:00Z` } } }) as unknown as Point

test('chooseMoments() puts sources side by side as they were, and thins evenly', () => {
  const points = new Map([
    ['a', [aPoint(1, '01'), aPoint(2, '05'), aPoint(3, '04')]],
    ['b', [aPoint(1, '02')]],
  ])
  const seqs = (max: number) => {
    const { moments, of } = chooseMoments(points, max)
    return [of, ...moments.map((one) => `${one.get('a')?.seq}/${one.get('b')?.seq ?? '-'}`)]
  }
  // A clock that went back does not turn the order of points.
  expect(seqs(9)).toEqual([4, '1/-', '1/1', '2/1', '3/1'])
  expect(seqs(2)).toEqual([4, '1/-', '3/1'])
  expect(seqs(1)).toEqual([4, '3/1'])
})
