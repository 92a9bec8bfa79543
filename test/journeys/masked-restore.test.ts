import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CRM = `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, tax TEXT UNIQUE);
  CREATE TABLE contact (email TEXT PRIMARY KEY, account INTEGER REFERENCES account, first TEXT, last TEXT, note TEXT);
  CREATE TABLE call (id INTEGER PRIMARY KEY, email TEXT REFERENCES contact, phone TEXT, day TEXT, text TEXT);
  CREATE TABLE visit (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account);
  INSERT INTO account VALUES (1, 'Arndt Werkzeuge GmbH', 'DE123456789'), (2, 'Behn AG', 'DE987654321');
  INSERT INTO contact VALUES ('ada@arndt.example', 1, 'Ada', 'Lovelace', NULL), ('bo@behn.example', 2, 'Bo', 'Derekson', 'knows Ada Lovelace');
  INSERT INTO call VALUES (1, 'ada@arndt.example', '+49 30 9018200', '2026-06-30', 'asked for Ada Lovelace');
  INSERT INTO visit VALUES (1, 2)`
const ERP = `CREATE TABLE customer (no TEXT PRIMARY KEY, contact TEXT, tax TEXT, iban TEXT, scan BLOB);
  INSERT INTO customer VALUES ('A', 'Ada Lovelace', 'DE123456789', 'DE89370400440532013000', x'00'), ('B', 'Bo Derekson', 'DE987654321', NULL, NULL)`
const CONFIG = `sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
targets:
  crm-live: { connector: sqlite, file: ./crm.db }
  crm-test: { connector: sqlite, file: ./crm-test.db }
  erp-test: { connector: sqlite, file: ./erp-test.db }
  one-test: { connector: sqlite, file: ./one-test.db }
`
const MASK = `version: 1
keyFile: ./mask.key
fields: { tax: taxId, email: email, phone: phone, iban: iban }
sources:
  crm:
    main.account: { name: company }
    main.contact: { first: name, last: name, note: freeText }
    main.call: { day: date, text: keep }
  erp:
    main.customer: { no: keep, contact: name }
`

test('two systems are put masked into test systems, and still fit together', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  change(at('crm.db'), CRM)
  change(at('erp.db'), ERP)
  await configure(CONFIG)
  await writeFile(at('mask.key'), 'correct horse battery staple\n')
  await holdfast('init')
  await holdfast('backup')
  const point = `@${new Date().toISOString()}`
  const both = ['restore', point, '--to', 'crm=crm-test', '--to', 'erp=erp-test', '--yes']

  // A field without a rule is refused, and so is a name that a field which is kept still holds.
  await writeFile(at('mask.yaml'), MASK)
  const unlisted = await holdfast(...both, '--mask', 'mask.yaml')
  expectFailure(unlisted, 2, 'mask.rules-unfit')
  expect(unlisted.stderr).toContain('main.customer scan (BLOB) has no rule')
  await writeFile(at('mask.yaml'), `${MASK}unlisted: redact\n`)
  const leaking = await holdfast(...both, '--mask', 'mask.yaml')
  expectFailure(leaking, 4, 'mask.original-found')
  expect(leaking.stderr).toContain('crm main.call text')
  expect(leaking.stderr).not.toContain('Lovelace')
  expect(tablesOf(at('crm-test.db'))).toEqual([])

  await writeFile(
    at('mask.yaml'),
    `${MASK.replace('text: keep', 'text: freeText')}unlisted: redact\n`,
  )
  // What a record needs comes with it, masked as well.
  const one = ['restore', 'crm@1', '--record', 'main.visit:1', '--missing-parents', 'create']
  expect(await summary(...one, '--to', 'one-test', '--mask', 'mask.yaml', '--yes')).toMatchObject({
    inserted: 2,
    verified: { different: 0 },
  })
  using beside = new DatabaseSync(at('one-test.db'))
  expect(beside.prepare(`SELECT tax FROM account WHERE name LIKE 'Behn%'`).all()).toEqual([])
  expect(beside.prepare('SELECT count(*) AS n FROM account').get()).toEqual({ n: 1 })
  const into = ['restore', 'crm@1', '--to', 'crm-live', '--mask', 'mask.yaml', '--yes']
  expectFailure(await holdfast(...into), 2, 'app.mask-into-source')
  expect(await summary(...both, '--mask', 'mask.yaml')).toMatchObject({
    inserted: 2,
    verified: { records: 2, different: 0 },
  })
  using crm = new DatabaseSync(at('crm-test.db'))
  using erp = new DatabaseSync(at('erp-test.db'))
  const [ada] = crm
    .prepare(
      `SELECT a.name, a.tax, c.email, c.first || ' ' || c.last AS called, c.note, l.phone, l.day
       FROM account a JOIN contact c ON c.account = a.id JOIN call l ON l.email = c.email`,
    )
    .all()
  expect(ada).toMatchObject({
    name: expect.stringMatching(/^[A-Z][a-z]+ [A-Z][a-z]+ GmbH$/),
    tax: expect.stringMatching(/^DE\d{9}$/),
    email: expect.stringMatching(/@masked\.example$/),
    phone: expect.stringMatching(/^\+49 \d\d \d{7}$/),
    note: null,
  })
  const customer = erp.prepare(`SELECT * FROM customer WHERE no = 'A'`).get()
  expect(customer).toMatchObject({ contact: ada?.['called'], tax: ada?.['tax'] })
  expect(customer?.['iban']).toMatch(/^DE\d{20}$/)
  expect(customer?.['scan']).toEqual(new Uint8Array())
  const text = JSON.stringify([
    ...['account', 'contact', 'call'].map((name) => crm.prepare(`SELECT * FROM ${name}`).all()),
    erp.prepare('SELECT * FROM customer').all(),
  ])
  expect(text).not.toMatch(/Lovelace|Derekson|Arndt|Behn |DE123456789|DE8937|9018200|2026-06-30/)

  // With the same key and rules it is known again; with others the target is not empty.
  const again = [...both, '--mask', 'mask.yaml', '--confirm', 'crm-test', '--confirm', 'erp-test']
  expect(await summary(...again)).toMatchObject({ inserted: 0, skipped: 2 })
  await writeFile(at('mask.key'), 'another secret of many words\n')
  expectFailure(await holdfast(...again), 2, 'app.mask-not-empty')
})

const MAP = `version: 1
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { name: name, taxId: tax } }
      main.contact: { role: contact, links: [{ fields: [account], to: main.account }] }
  erp:
    entities:
      main.customer: { role: customer, identity: { number: no, taxId: tax }, classes: { bank: [iban] } }
`
const BY_MAP = `version: 1
unlisted: redact
identity: { taxId: taxId, name: company, number: keep }
classes: { bank: iban }
roles:
  contact: { email: email, first: name, last: name, note: freeText }
fields: { email: email }
`

test('rules by what the customer map says of a field fit systems that call it otherwise', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  change(at('crm.db'), CRM)
  change(at('erp.db'), ERP)
  await configure(CONFIG)
  await holdfast('init')
  await holdfast('backup')
  const point = `@${new Date().toISOString()}`
  const both = ['restore', point, '--to', 'crm=crm-test', '--to', 'erp=erp-test', '--yes']
  const masked = [...both, '--mask', 'mask.yaml']
  await writeFile(at('mask.yaml'), BY_MAP)
  expectFailure(await holdfast(...masked), 2, 'app.map-not-found')
  await writeFile(at('customers.yaml'), MAP)
  await writeFile(at('mask.yaml'), BY_MAP.replace('bank:', 'banks:').replace('contact:', 'contct:'))
  const unfit = await holdfast(...masked)
  expectFailure(unfit, 2, 'mask.rules-unfit')
  expect(unfit.stderr).toContain('line 6: the customer map has no "contct" for roles')
  expect(unfit.stderr).toContain('line 4: the customer map has no "banks" for classes')

  await writeFile(at('mask.yaml'), BY_MAP)
  await summary(...masked)
  using crm = new DatabaseSync(at('crm-test.db'))
  using erp = new DatabaseSync(at('erp-test.db'))
  const account = crm.prepare(`SELECT * FROM account WHERE id = 1`).get()
  const customer = erp.prepare(`SELECT * FROM customer WHERE no = 'A'`).get()
  expect(account).toMatchObject({
    name: expect.stringMatching(/^[A-Z][a-z]+ [A-Z][a-z]+ GmbH$/),
    tax: expect.stringMatching(/^DE\d{9}$/),
  })
  expect(customer).toMatchObject({ tax: account?.['tax'], contact: 'redacted' })
  expect(customer?.['iban']).toMatch(/^DE(?!8937)\d{20}$/)
})

function tablesOf(path: string): unknown[] {
  using db = new DatabaseSync(path)
  return db.prepare('SELECT name FROM sqlite_master').all()
}
