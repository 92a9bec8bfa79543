import { tmpdir } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkMap, type MapCheck } from '#customer/check-map'
import { parseMap } from '#customer/parse-map'
import { DEMO_CUSTOMER_MAP } from '#demo/customer-map'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import { checkCustomerMap } from './check-map.ts'
import { showCustomer } from './show-customer.ts'
import { type VaultOfFiles, vaultOfDemo, vaultOfSql } from './testing/vault-of-files.ts'

const deps = { random: systemRandom, tempDir: tmpdir(), begin: () => {} }
let demo: VaultOfFiles

beforeAll(async () => {
  demo = await vaultOfDemo({ seed: 'holdfast', customerCount: 200 })
}, 60_000)
afterAll(() => demo[Symbol.dispose]())

async function check(text: string, { sourcesAt }: VaultOfFiles, ...at: string[]) {
  return await checkMap(deps, parseMap(text, 'a map'), await sourcesAt(...at), signal)
}

function linkOf({ links }: MapCheck, entity: string, field: string) {
  return links.find((link) => link.entity === entity && link.fields.includes(field))
}

test("the demo's map is clean at its newest points, and covers every entity", async () => {
  const found = await check(DEMO_CUSTOMER_MAP, demo)
  expect(found).toMatchObject({ verdict: 'clean', problems: [], unmapped: [] })
  expect(found.coverage.entitiesMapped).toBe(found.coverage.entities)
  const parties = found.entities.filter(({ role }) => role === 'customer')
  expect(parties).toHaveLength(3)
  for (const party of parties) expect(party).toMatchObject({ reached: party.rows, alone: 0 })
})

test('checkMap() looks classes, what is open and posting periods up, too', async () => {
  const text = DEMO_CUSTOMER_MAP.replace(
    '      main.currency: { role: currency }',
    `      main.currency: { role: currency, open: { field: actve, values: ['1'] }, classes: { a: [b] } }`,
  ).replace(
    '      main.payment_terms: { role: payment-term }',
    `      main.payment_terms:
        role: payment-term
        period: { date: day, fields: [name], to: main.company_code, lockedUntil: lock }`,
  )
  const { problems, verdict } = await check(text, demo)
  expect(verdict).toBe('differs')
  for (const name of ['actve', 'b', 'day', 'lock']) {
    const told = expect.stringContaining(`has no field ${name}`)
    expect(problems).toContainEqual({ line: expect.any(Number), problem: told })
  }
})

test('checkMap() counts every orphan that SQL counts, and names some', async () => {
  using hurt = await vaultOfDemo({ seed: 'h', customerCount: 120 })
  hurt.exec(
    'billing',
    'DELETE FROM invoice WHERE rowid % 7 = 0; DELETE FROM debtor WHERE rowid % 9 = 0',
  )
  hurt.exec('crm', "DELETE FROM account_external_id WHERE system = 'erp'")
  await hurt.backUp()
  const found = await check(DEMO_CUSTOMER_MAP, hurt)
  expect(found.verdict).toBe('differs')
  const orphans = (file: string, sql: string) => count(hurt.files[file] ?? '', sql)
  expect(linkOf(found, 'main.invoice_line', 'invoice_number')).toMatchObject({
    isFaulty: true,
    orphans: orphans(
      'billing',
      'SELECT count(*) AS n FROM invoice_line WHERE invoice_number NOT IN (SELECT invoice_number FROM invoice)',
    ),
  })
  const invoices = linkOf(found, 'main.invoice', 'debtor_id')
  expect(invoices?.orphans).toBe(
    orphans(
      'billing',
      'SELECT count(*) AS n FROM invoice WHERE debtor_id NOT IN (SELECT debtor_id FROM debtor)',
    ),
  )
  expect(invoices?.examples.length).toBeGreaterThan(0)
  for (const key of invoices?.examples ?? []) {
    const sql = `SELECT count(*) AS n FROM invoice WHERE invoice_number = '${key}' AND debtor_id NOT IN (SELECT debtor_id FROM debtor)`
    expect(orphans('billing', sql)).toBe(1)
  }
  // The point before was whole, and still is.
  expect(await check(DEMO_CUSTOMER_MAP, hurt, 'billing@1', 'crm@1')).toMatchObject({
    verdict: 'clean',
  })
})

test('checkMap() says with its line what the points do not hold', async () => {
  const wrong = DEMO_CUSTOMER_MAP.replace('main.kyc_case:', 'main.kyc_cases:')
    .replace('to: main.kyc_case }', 'to: main.kyc_cases }')
    .replace('number: debtor_id,', 'number: debitor_id,')
    .replace('fields: [approved_by]', 'fields: [aproved_by]')
  const found = await check(wrong, demo)
  const lineOf = (text: string) => wrong.split('\n').findIndex((line) => line.includes(text)) + 1
  expect(found.problems).toEqual([
    {
      line: lineOf('main.kyc_cases:'),
      problem: 'crm@1 holds no entity main.kyc_cases; did you mean "main.kyc_case"?',
    },
    {
      line: lineOf('aproved_by'),
      problem: 'crm main.credit_line has no field aproved_by; did you mean "approved_by"?',
    },
    {
      line: lineOf('main.debtor:'),
      problem: 'billing main.debtor has no field debitor_id; did you mean "debtor_id"?',
    },
  ])
  expect(found.unmapped).toMatchObject([{ entity: 'main.kyc_case' }])
})

test('a map that is clean can be kept in the vault, and is read from there', async () => {
  const request = { file: undefined, at: [], isToBeStored: true }
  const run = () => checkCustomerMap(demo.asking, demo.vault, request, signal)
  await expect(run()).rejects.toMatchObject({ code: 'app.map-not-found' })
  await demo.vault.putDocument('customers', DEMO_CUSTOMER_MAP, signal)
  expect(await run()).toMatchObject({ verdict: 'clean', map: 'the vault', isStored: true })
  // One that names what is not there is not kept.
  const wrong = DEMO_CUSTOMER_MAP.replace('tax_id', 'taxid')
  await demo.vault.putDocument('customers', wrong, signal)
  expect(await run()).toMatchObject({ verdict: 'differs', isStored: false })
  const finance = DEMO_CUSTOMER_MAP.replace('due: due_on', 'due: due_at')
  await demo.vault.putDocument('customers', finance, signal)
  const line = finance.slice(0, finance.indexOf('- source: billing')).split('\n').length
  expect(await run()).toMatchObject({
    verdict: 'differs',
    isStored: false,
    problems: [
      { line, problem: expect.stringMatching(/^billing main\.invoice has no field due_at/) },
    ],
  })
})

const KNOT = `
  CREATE TABLE party (id INTEGER PRIMARY KEY, parent INTEGER, main_site INTEGER);
  CREATE TABLE site (region TEXT, number INTEGER, party INTEGER, PRIMARY KEY (region, number));
  CREATE TABLE visit (id INTEGER PRIMARY KEY, region TEXT, number INTEGER, after INTEGER);
  CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, subject TEXT);
  INSERT INTO party VALUES (1, NULL, 7), (2, 1, NULL), (3, 9, 5);
  INSERT INTO site VALUES ('N', 7, 1), ('N', 8, 2), ('S', 7, 2), ('S', 5, 4);
  INSERT INTO visit VALUES (1, 'N', 7, NULL), (2, 'S', 7, 1), (3, 'S', 5, 2), (4, 'N', 9, NULL), (5, NULL, 7, 5);
  INSERT INTO note VALUES (1, 'party', '1'), (2, 'party', '8'), (3, 'visit', '2'), (4, 'visit', ''),
    (5, 'other', '1'), (6, 'visit', NULL), (7, 'visit', '3');
`
const KNOT_MAP = `
version: 1
sources:
  erp:
    entities:
      main.party:
        role: customer
        links:
          - { fields: [parent], to: main.party, kind: reference }
      main.site:
        role: address
        links: [{ fields: [party], to: main.party }]
      main.visit:
        role: other
        links:
          - { fields: [region, number], to: main.site }
          - { fields: [after], to: main.visit, kind: reference }
      main.note:
        role: other
        links:
          - { fields: [subject], when: { kind: party }, to: main.party }
          - { fields: [subject], when: { kind: visit }, none: [''], to: main.visit }
`

test('checkMap() follows composite keys, self-references and polymorphic links', async () => {
  using knot = await vaultOfSql({ erp: KNOT })
  const found = await check(KNOT_MAP, knot)
  const told = found.links.map(({ entity, examples, fields, orphans, pointing }) => {
    return [entity, fields.join(), pointing, orphans, examples.join()]
  })
  expect(told).toEqual([
    ['main.party', 'parent', 2, 1, '3'],
    ['main.site', 'party', 4, 1, 'S,5'],
    ['main.visit', 'region,number', 4, 1, '4'],
    ['main.visit', 'after', 3, 0, ''],
    ['main.note', 'subject', 2, 1, '2'],
    ['main.note', 'subject', 2, 0, ''],
  ])
  const reached = found.entities.map(({ entity, reached }) => [entity, reached])
  expect(reached).toEqual([
    ['main.party', 3],
    ['main.site', 3],
    ['main.visit', 2],
    // Of party 1, and of visit 2; that of visit 3 hangs from a site of nobody.
    ['main.note', 2],
  ])
})

test('checkMap() goes on where a source, or every record of an entity, is missing', async () => {
  using empty = await vaultOfSql({
    erp: 'CREATE TABLE party (id INTEGER PRIMARY KEY); CREATE TABLE bill (id INTEGER PRIMARY KEY, party INTEGER)',
  })
  const map = `
version: 1
sources:
  erp:
    entities:
      main.party: { role: customer }
      main.bill: { role: invoice, links: [{ fields: [party], to: main.party }] }
  crmm:
    entities:
      main.account: { role: customer, links: [{ fields: [party], source: erp, to: main.party, kind: same }] }
`
  const found = await check(map, empty)
  expect(found.problems).toEqual([
    { line: 10, problem: expect.stringContaining('the vault has no point of source crmm') },
  ])
  expect(found.links).toMatchObject([{ pointing: 0, orphans: 0, isFaulty: false }])
  expect(found.entities).toMatchObject([
    { rows: 0, reached: 0 },
    { rows: 0, reached: 0 },
  ])
})

test('checkMap() takes no large value for another', async () => {
  using large = await vaultOfSql({
    erp: `CREATE TABLE party (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
      CREATE TABLE bill (id INTEGER PRIMARY KEY, party TEXT);
      INSERT INTO party VALUES (1, printf('%.70000c', 'a')), (2, printf('%.70000c', 'b'));
      INSERT INTO bill VALUES (1, printf('%.70000c', 'c'))`,
  })
  const map = `
version: 1
sources:
  erp:
    entities:
      main.party: { role: customer }
      main.bill: { role: invoice, links: [{ fields: [party], to: main.party, toFields: [name] }] }
`
  expect((await check(map, large)).links).toMatchObject([{ pointing: 0, orphans: 0, ambiguous: 0 }])
})

test('checkMap() refuses a link whose other side cannot be told apart', async () => {
  using twice = await vaultOfSql({
    erp: `CREATE TABLE party (id INTEGER PRIMARY KEY, number TEXT);
      CREATE TABLE bill (id INTEGER PRIMARY KEY, party TEXT);
      INSERT INTO party VALUES (1, 'a'), (2, 'a'), (3, 'b');
      INSERT INTO bill VALUES (1, 'a'), (2, 'b')`,
  })
  const map = `
version: 1
sources:
  erp:
    entities:
      main.party: { role: customer }
      main.bill: { role: invoice, links: [{ fields: [party], to: main.party, toFields: [number] }] }
`
  const found = await check(map, twice)
  expect(found.verdict).toBe('differs')
  expect(found.links).toMatchObject([{ orphans: 0, ambiguous: 2, isFaulty: true }])
})

function count(file: string, sql: string): number {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return Number(db.prepare(sql).get()?.['n'])
  } finally {
    db.close()
  }
}

test('checkMap() names values that parties are matched by and share, unless the map calls them none', async () => {
  const entity = (rest: string) =>
    `{ role: customer, identity: { number: id, taxId: tax_id${rest} } }`
  const text = (rest: string) => `
version: 1
match: [taxId]
sources:
  crm: { entities: { main.account: ${entity(rest)} } }
  erp: { entities: { main.customer: ${entity('')} } }
`
  using made = await vaultOfSql({
    crm: `CREATE TABLE account (id INTEGER PRIMARY KEY, tax_id TEXT);
      INSERT INTO account VALUES (1, 'N/A'), (2, 'N/A'), (3, 'DE1'), (4, 'N/A'), (5, 'DE5'), (6, 'DE5'), (7, NULL), (8, '')`,
    erp: `CREATE TABLE customer (id INTEGER PRIMARY KEY, tax_id TEXT);
      INSERT INTO customer VALUES (1, 'N/A'), (3, 'DE1')`,
  })
  const found = await check(text(''), made)
  const of = { source: 'crm', entity: 'main.account', line: 5, by: 'taxId', field: 'tax_id' }
  expect(found.shared).toEqual([
    { ...of, value: 'N/A', parties: 3 },
    { ...of, value: 'DE5', parties: 2 },
  ])
  expect(linkOf(found, 'main.account', 'tax_id')?.pointing).toBe(6)
  const settled = await check(text(", none: ['N/A']"), made)
  expect(settled.shared).toEqual([{ ...of, value: 'DE5', parties: 2 }])
  expect(linkOf(settled, 'main.account', 'tax_id')?.pointing).toBe(3)
})

test('parties that share a value that the map calls none are not one', async () => {
  using made = await vaultOfSql({
    crm: `CREATE TABLE account (id TEXT PRIMARY KEY, tax_id TEXT);
      INSERT INTO account VALUES ('K1', 'N/A'), ('K2', 'N/A')`,
    erp: `CREATE TABLE customer (id TEXT PRIMARY KEY, tax_id TEXT); INSERT INTO customer VALUES ('C', 'N/A')`,
  })
  const text = (none: string) => `
version: 1
match: [taxId]
sources:
  crm: { entities: { main.account: { role: customer, identity: { number: id, taxId: tax_id } } } }
  erp: { entities: { main.customer: { role: customer, identity: { number: id, taxId: tax_id, none: [${none}] } } } }
`
  const count = async (none: string) => {
    await made.vault.putDocument('customers', text(none), signal)
    const request = { id: 'K1', source: undefined, at: [], file: undefined }
    return (await showCustomer(made.asking, made.vault, request, signal)).records.length
  }
  expect(await count('')).toBe(3)
  expect(await count("'N/A'")).toBe(1)
})
