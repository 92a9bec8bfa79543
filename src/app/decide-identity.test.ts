import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DecidedRecord, type Decision, judgeDecision, standingOf } from '#customer/decisions'
import { findClosure } from '#customer/find-closure'
import { findParty } from '#customer/find-party'
import { mapAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import type { EntityName } from '#record/entity-name'
import { isAppError } from '#stdx/app-error'
import { signal } from '#vault/testing/a-vault'
import { chooseCustomers } from './choose-customers.ts'
import { decideIdentity } from './decide-identity.ts'
import { searchCustomers } from './find-customers.ts'
import { listDecisions } from './list-decisions.ts'
import { showCustomer } from './show-customer.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const MAP = `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { number: id, name: name, taxId: tax_id }
      main.contact:
        role: contact
        links: [{ fields: [account_id], to: main.account }]
  erp:
    entities:
      main.customer:
        role: customer
        identity: { number: no, name: name, taxId: tax_id }
`
let group: VaultOfFiles

beforeAll(async () => {
  group = await vaultOfSql(
    {
      crm: `
      CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT, tax_id TEXT);
      CREATE TABLE contact (id TEXT PRIMARY KEY, account_id TEXT);
      INSERT INTO account VALUES ('K1', 'Anton', 'T1'), ('K2', 'Anton Ltd', NULL), ('K3', 'Berta', 'T3'),
        ('K4', 'Carla', 'T4'), ('K5', 'Dora', 'T4');
      INSERT INTO contact VALUES ('N1', 'K1'), ('N2', 'K2'), ('N3', 'K3')`,
      erp: `
      CREATE TABLE customer (no TEXT PRIMARY KEY, name TEXT, tax_id TEXT);
      INSERT INTO customer VALUES ('A', 'Anton', 'T1'), ('B', 'Somebody', 'T3'), ('C', 'Carla', 'T4')`,
    },
    MAP,
  )
})
afterAll(() => group[Symbol.dispose]())

async function decide(decision: 'same' | 'apart', a: string, b: string, because = 'I asked them') {
  const request = { decision, ids: [a, b] as const, because, at: [], file: undefined }
  return await decideIdentity(group.asking, group.vault, request, signal)
}

async function show(id: string, change: { isDecidedThen?: boolean } = {}) {
  const [source = '', number = ''] = id.split('=')
  const request = { id: number, source, at: [], file: undefined, ...change }
  return await showCustomer(group.asking, group.vault, request, signal)
}

async function keysOf(id: string, change = {}): Promise<string[]> {
  const { records } = await show(id, change)
  return records.map(({ key, source }) => `${source}:${key}`).sort()
}

test('decideIdentity() makes two of one system one, and takes it back with all its history', async () => {
  expect(await keysOf('crm=K1')).toEqual(['crm:K1', 'crm:N1', 'erp:A'])
  expect(await decide('same', 'crm=K1', 'crm=K2')).toMatchObject({ isNew: true })
  const all = ['crm:K1', 'crm:K2', 'crm:N1', 'crm:N2', 'erp:A']
  expect(await keysOf('crm=K1')).toEqual(all)
  expect(await keysOf('crm=K2')).toEqual(all)
  expect(await keysOf('erp=A')).toEqual(all)
  expect((await show('crm=K1')).identity?.decisions).toMatchObject([{ because: 'I asked them' }])
  expect(await decide('same', 'crm=main.account:K2', 'crm=K1')).toMatchObject({ isNew: false })
  const wanted = { text: 'anton ltd', at: [], file: undefined, limit: '9' }
  const { matches } = await searchCustomers(group.asking, group.vault, wanted, signal)
  expect(matches).toMatchObject([{ key: 'K2', same: [{ source: 'crm', key: 'K1' }] }])
  await decide('apart', 'crm=K1', 'crm=K2', 'they were two all along')
  expect(await keysOf('crm=K2')).toEqual(['crm:K2', 'crm:N2'])
  expect(await keysOf('crm=K1')).toEqual(['crm:K1', 'crm:N1', 'erp:A'])
  const listed = await listDecisions(group.vault, signal)
  expect(listed.map(({ because, decision, stands }) => ({ because, decision, stands }))).toEqual([
    { because: 'they were two all along', decision: 'apart', stands: true },
    { because: 'I asked them', decision: 'same', stands: false },
  ])
})

test('decideIdentity() keeps two apart that share a tax id', async () => {
  expect(await keysOf('crm=K3')).toEqual(['crm:K3', 'crm:N3', 'erp:B'])
  await decide('apart', 'crm=K3', 'erp=B')
  expect(await keysOf('crm=K3')).toEqual(['crm:K3', 'crm:N3'])
  expect(await keysOf('erp=B')).toEqual(['erp:B'])
  expect((await show('erp=B')).identity?.apart).toMatchObject([{ key: 'K3', isSettled: true }])
})

test('decideIdentity() refuses what contradicts itself, and says who is in the way', async () => {
  await decide('same', 'crm=K3', 'crm=K2')
  // K1 and K2 are apart since the first test.
  const united = decide('same', 'crm=K3', 'crm=K1')
  await expect(united).rejects.toMatchObject({ code: 'customer.decision-contradicts' })
  await expect(united).rejects.toThrow(/crm main\.account K1 and crm main\.account K2 are decided/)
  await decide('same', 'crm=K2', 'erp=C')
  await expect(decide('apart', 'crm=K3', 'erp=C')).rejects.toThrow(
    /the same as crm main\.account K2/,
  )
  await decide('apart', 'crm=K2', 'erp=C')
  await expect(decide('same', 'crm=K1', 'crm=K1')).rejects.toMatchObject({
    code: 'customer.decision-itself',
  })
  await expect(decide('same', 'crm=K1', 'crm=K9')).rejects.toMatchObject({
    code: 'customer.unknown',
  })
  await expect(decide('same', 'crm=main.account:K9', 'crm=K1')).rejects.toMatchObject({
    code: 'customer.unknown',
  })
  await expect(decide('same', 'crm=K1', 'crm=K2', ' ')).rejects.toMatchObject({
    code: 'app.reason-missing',
  })
})

test('a third that seems to be both of two that are apart is said, and not put back', async () => {
  await decide('apart', 'crm=K4', 'crm=K5')
  expect((await show('erp=C')).identity?.apart).toMatchObject([{ key: 'K5', isSettled: false }])
  const wanted = { ids: ['erp=C'], point: 'erp@latest', to: ['copy'], file: undefined }
  const restoring = () => chooseCustomers(group.asking, group.vault, wanted, signal)
  await expect(restoring()).rejects.toMatchObject({ code: 'app.customer-unsettled' })
  await decide('apart', 'crm=K5', 'erp=C')
  expect(await keysOf('crm=K4')).toEqual(['crm:K4', 'erp:C'])
  expect(await keysOf('crm=K5')).toEqual(['crm:K5'])
  const chosen = await restoring()
  expect(chosen.targets.map(({ target }) => target)).toEqual(['copy'])
})

test('who is the same as somebody is apart from whom that one is apart from', async () => {
  using fresh = await vaultOfSql(
    {
      crm: "CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT, tax_id TEXT); CREATE TABLE contact (id TEXT PRIMARY KEY, account_id TEXT); INSERT INTO account VALUES ('K1', 'Anton', 'T1'), ('K2', 'Anton', NULL)",
      erp: "CREATE TABLE customer (no TEXT PRIMARY KEY, name TEXT, tax_id TEXT); INSERT INTO customer VALUES ('A', 'Anton', 'T1')",
    },
    MAP,
  )
  const say = async (decision: 'same' | 'apart', ids: readonly [string, string]) => {
    const request = { decision, ids, because: 'so', at: [], file: undefined }
    await decideIdentity(fresh.asking, fresh.vault, request, signal)
  }
  // K1 and A have one tax id. What is said of K2 is said of K1, whichever the walk comes to first.
  await say('same', ['crm=K1', 'crm=K2'])
  await say('apart', ['crm=K2', 'erp=A'])
  for (const id of ['K1', 'K2']) {
    const request = { id, source: 'crm', at: [], file: undefined }
    const { records } = await showCustomer(fresh.asking, fresh.vault, request, signal)
    expect(records.map(({ key }) => key).sort()).toEqual(['K1', 'K2'])
  }
})

test('whatever people decide, the same are together and who is apart is not', async () => {
  const sources = await group.sourcesAt()
  const map = parseMap(MAP, 'the map')
  const crm = ['K1', 'K2', 'K3', 'K4', 'K5'].map((key) => ({
    source: 'crm',
    entity: 'main.account',
    key,
  }))
  const erp = ['A', 'B', 'C'].map((key) => ({ source: 'erp', entity: 'main.customer', key }))
  const party = fc.constantFrom(
    ...[...crm, ...erp].map((one) => ({ ...one, entity: one.entity as EntityName })),
  )
  const step = fc.record({
    decision: fc.constantFrom('same' as const, 'apart' as const),
    a: party,
    b: party,
    because: fc.constant('so'),
  })
  const closureOf = async (decisions: readonly Decision[], { key, source }: DecidedRecord) => {
    const laid = mapAt({ ...map, decisions }, sources)
    const roots = await findParty(laid, { id: key, source, signal })
    const { records } = await findClosure(laid, roots, { bounds: map.bounds, signal })
    return new Set(records.map((one) => `${one.entity.map.source}:${one.key}`))
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const decisions: Decision[] = []
      for (const made of steps) {
        try {
          const isNew = judgeDecision(standingOf(decisions), made)
          if (isNew) decisions.push({ ...made, time: '2026-01-01T00:00:00.000Z', by: 'somebody' })
        } catch (error) {
          expect(isAppError(error)).toBe(true)
        }
      }
      for (const { a, b, decision } of standingOf(decisions)) {
        for (const [one, other] of [[a, b] as const, [b, a] as const]) {
          const found = await closureOf(decisions, one)
          expect(found.has(`${other.source}:${other.key}`)).toBe(decision === 'same')
        }
      }
    }),
    { numRuns: 20 },
  )
})
