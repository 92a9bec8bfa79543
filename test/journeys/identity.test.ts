import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CRM = `CREATE TABLE account (id TEXT PRIMARY KEY, tax TEXT, name TEXT);
  CREATE TABLE contact (id TEXT PRIMARY KEY, account TEXT REFERENCES account, phone TEXT);
  INSERT INTO account VALUES ('K1', 'DE1', 'Farnbeck Werkzeugbau GmbH'), ('K2', NULL, 'Fahrnbäck Werkzeugbau');
  INSERT INTO contact VALUES ('P1', 'K1', '+49 89 1234567'), ('P2', 'K2', '089/1234567')`
const ERP = `CREATE TABLE customer (no TEXT PRIMARY KEY, tax TEXT, terms TEXT);
  INSERT INTO customer VALUES ('A', 'DE1', 'N30')`
const CONFIG = `sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
targets:
  crm-live: { connector: sqlite, file: ./crm.db }
`
const MAP = `version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { taxId: tax, name: name } }
      main.contact:
        role: contact
        identity: { phone: phone }
        links: [{ fields: [account], to: main.account }]
  erp:
    entities:
      main.customer: { role: customer, identity: { taxId: tax } }
`

test('who is one is proposed, decided, gone by, and taken back', async () => {
  const { answer, at, configure, holdfast } = await aTraveller()
  change(at('crm.db'), CRM)
  change(at('erp.db'), ERP)
  await configure(CONFIG)
  await writeFile(at('customers.yaml'), MAP)
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  const keysOf = async (...argv: string[]): Promise<string> => {
    const { records } = await answer<{ records: { key: string }[] }>('customer', 'show', ...argv)
    return records
      .map(({ key }) => key)
      .sort()
      .join()
  }

  const matched = await holdfast('customer', 'match')
  expect(matched.stdout, matched.stderr).toMatch(
    /crm main\.account:K1 .*\n.*crm main\.account:K2 .*\n +names alike; same phone \(891234567\)/,
  )
  const elsewhere = ['restore', 'erp@1', '--customer', 'K2', '--to', 'crm-live', '--plan-only']
  expectFailure(await holdfast(...elsewhere), 2, 'app.customer-elsewhere')
  const both = ['crm=K1', 'crm=K2']
  expectFailure(await holdfast('customer', 'same', ...both), 2, 'cli.usage')
  const said = await answer('customer', 'same', ...both, '--because', 'Anna called them')
  expect(said).toMatchObject({ decision: 'same', isNew: true, because: 'Anna called them' })
  expect(await keysOf('A', '--at', 'crm@1', 'erp@1')).toBe('A,K1,K2,P1,P2')
  expect(await keysOf('A', '--at', 'crm@1', 'erp@1', '--decided-then')).toBe('A,K1,P1')
  expect(await answer('customer', 'match')).toMatchObject({ proposals: [] })

  // A restore takes both; a system of its own is not touched.
  change(at('crm.db'), "DELETE FROM contact WHERE id = 'P2'")
  const restore = ['restore', 'crm@1', '--customer', 'K1', '--to', 'crm-live']
  const planned = await holdfast(...restore, '--plan-only')
  expect(planned.stdout, planned.stderr).toMatch(/main\.contact +repair +1 /)

  await answer('customer', 'apart', ...both, '--because', 'two after all')
  expect(await keysOf('A')).toBe('A,K1,P1')
  const listed = await holdfast('customer', 'decisions')
  expect(listed.stdout.split('\n').map((line) => line.replace(/^.*?: /, ''))).toEqual([
    'two after all',
    'Anna called them (decided otherwise since)',
    '',
  ])
  const history = await holdfast('customer', 'history', 'K2')
  expect(history.stdout).toMatch(
    /\/ crm main\.account:K1 apart crm main\.account:K2, by [0-9a-f]{8}: two after all/,
  )
})

test('numbers that are the keys of others are told apart by saying which is meant', async () => {
  const { at, configure, holdfast } = await aTraveller()
  const account = 'CREATE TABLE account (id INTEGER PRIMARY KEY, no TEXT UNIQUE, of INTEGER);'
  const rows = "INSERT INTO account VALUES (1, '2', 3), (2, '3', 3), (3, '1', NULL)"
  change(at('crm.db'), account + rows)
  await configure('sources: { crm: { connector: sqlite, file: ./crm.db } }\ntargets: {}')
  const links = '[{ fields: [of], to: main.account, rowsMax: 1 }]'
  const party = `main.account: { role: customer, identity: { number: no }, links: ${links} }`
  await writeFile(at('customers.yaml'), `version: 1\nsources: { crm: { entities: { ${party} } } }`)
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })

  const unclear = await holdfast('customer', 'show', '2')
  expectFailure(unclear, 2, 'customer.ambiguous')
  expect(unclear.stderr).toContain('like `main.account:500042`')
  for (const id of ['main.account:2', 'crm=main.account:2']) {
    const run = await holdfast('customer', 'show', id, '--json')
    expect(run.exit, run.stderr).toBe(0)
    expect(JSON.parse(run.stdout).records[0]).toMatchObject({ key: '2', way: 'root' })
  }
  // The third has two, of which the map lets one come along.
  const history = await holdfast('customer', 'history', 'main.account:3')
  expect(history.stdout).toMatch(/:3\n[\s\S]*2 records.* A bound of the map cut it short\./)
  expectFailure(await holdfast('customer', 'show', 'main.account:9'), 2, 'customer.unknown')
})
