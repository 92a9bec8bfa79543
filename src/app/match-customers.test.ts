import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_CUSTOMER_MAP } from '#demo/customer-map'
import { signal } from '#vault/testing/a-vault'
import { decideIdentity } from './decide-identity.ts'
import { matchCustomers } from './match-customers.ts'
import { type VaultOfFiles, vaultOfDemo, vaultOfSql } from './testing/vault-of-files.ts'

let demo: VaultOfFiles

beforeAll(async () => {
  demo = await vaultOfDemo({ seed: 'holdfast', customerCount: 120 }, DEMO_CUSTOMER_MAP)
  // One customer once more in the CRM, misheard and without its tax id.
  demo.exec(
    'crm',
    `UPDATE account SET name = 'Ofenbrucker Hydraulik GmbH' WHERE account_id = 500042;
     CREATE TEMP TABLE twin AS SELECT * FROM account WHERE account_id = 500042;
     UPDATE twin SET account_id = 599999, name = 'Ofenbrukker Hydraulik', tax_id = '';
     INSERT INTO account SELECT * FROM twin`,
  )
  await demo.backUp()
}, 60_000)
afterAll(() => demo[Symbol.dispose]())

async function match(change: { limit?: string; scoreMin?: string } = {}) {
  const request = { at: [], file: undefined, limit: '20', scoreMin: '0.5', ...change }
  return await matchCustomers(demo.asking, demo.vault, request, signal)
}

test('matchCustomers() proposes whom somebody entered twice, with its reasons, until it is decided', async () => {
  const { compared, parties, proposals } = await match()
  expect(parties).toBeGreaterThan(300)
  expect(compared).toBeLessThan(parties * 80)
  const twin = proposals.find(({ a, b }) => [a, b].some(({ key }) => key === '599999'))
  expect(twin).toBeDefined()
  expect(twin?.reasons[0]).toMatchObject({ sign: 'name' })
  const decide = async (decision: 'same' | 'apart') => {
    const ids = ['crm=main.account:599999', 'crm=main.account:500042'] as const
    const request = { decision, ids, because: 'a call', at: [], file: undefined }
    await decideIdentity(demo.asking, demo.vault, request, signal)
  }
  for (const decision of ['same', 'apart'] as const) {
    await decide(decision)
    const left = (await match()).proposals
    const isBoth = left.some(({ a, b }) => {
      return [a, b].every(({ key, source }) => source === 'crm' && /^(599999|500042)$/.test(key))
    })
    expect(isBoth).toBe(false)
  }
})

test('matchCustomers() proposes nobody that the map finds to be one', async () => {
  const { proposals } = await match({ limit: '20', scoreMin: '0.1' })
  const numberOf = (key: string) => Number(/(\d{1,6})$/.exec(key)?.[1] ?? 0) % 100_000
  for (const { a, b } of proposals) {
    // In the demo, a customer bears one number in all systems.
    if (a.source !== b.source) expect(numberOf(a.key)).not.toBe(numberOf(b.key))
  }
})

test('matchCustomers() proposes two customers once, however many systems they are in', async () => {
  const account = { role: 'customer', identity: { number: 'id', name: 'name', taxId: 'tax' } }
  using made = await vaultOfSql(
    Object.fromEntries(
      ['crm', 'erp', 'billing'].map((source) => [
        source,
        `CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT, tax TEXT);
          INSERT INTO account VALUES ('K1', 'Farnbeck', 'T1'), ('K2', 'Fahrnbeck', 'T2')`,
      ]),
    ),
  )
  const sources = Object.fromEntries(
    ['crm', 'erp', 'billing'].map((source) => [source, { entities: { 'main.account': account } }]),
  )
  const map = JSON.stringify({ version: 1, match: ['taxId'], sources })
  await made.vault.putDocument('customers', map, signal)
  const request = { at: [], file: undefined, limit: '20', scoreMin: '0.2' }
  const { proposals } = await matchCustomers(made.asking, made.vault, request, signal)
  expect(proposals).toHaveLength(1)
  const ids = ['crm=K1', 'erp=K2'] as const
  const decided = { decision: 'apart', ids, because: 'so', at: [], file: undefined } as const
  await decideIdentity(made.asking, made.vault, decided, signal)
  const left = await matchCustomers(made.asking, made.vault, request, signal)
  expect(left.proposals).toEqual([])
})

test('matchCustomers() compares by words of which each is common', async () => {
  const names = Array.from({ length: 1600 }, (_, i) => `Word${i % 40} Mark${Math.floor(i / 40)}`)
  const rows = [...names, 'Word7 Mark9 GmbH'].map((name, i) => `(${i}, '${name}')`).join(', ')
  using made = await vaultOfSql({
    crm: `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO account VALUES ${rows}`,
  })
  const map = `
version: 1
sources:
  crm: { entities: { main.account: { role: customer, identity: { name: name } } } }
`
  await made.vault.putDocument('customers', map, signal)
  const request = { at: [], file: undefined, limit: '20', scoreMin: '0.7' }
  const { compared, proposals } = await matchCustomers(made.asking, made.vault, request, signal)
  expect(proposals).toMatchObject([{ a: { name: 'Word7 Mark9 GmbH' }, b: { name: 'Word7 Mark9' } }])
  expect(compared).toBeLessThan(100)
})

test('matchCustomers() refuses what it cannot count or compare with', async () => {
  await expect(match({ limit: '0' })).rejects.toMatchObject({ code: 'app.limit-invalid' })
  await expect(match({ scoreMin: '1' })).rejects.toMatchObject({ code: 'app.score-invalid' })
  await expect(match({ scoreMin: 'x' })).rejects.toMatchObject({ code: 'app.score-invalid' })
})
