import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listOpenRestores } from '#timeline/open-restores'
import { signal } from '#vault/testing/a-vault'
import { chooseCustomers } from './choose-customers.ts'
import { findBegun } from './restore/find-begun.ts'
import { restorePoint } from './restore-point.ts'
import type { RestoreRequest } from './restore-request.ts'
import { restoringInto, type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

type CustomersChange = Partial<RestoreRequest> & { ids: string[]; point: string; to: string[] }

type Restoring = Pick<VaultOfFiles, 'restoring' | 'vault'>

async function restore({ restoring, vault }: Restoring, change: CustomersChange) {
  const { ids, point, to, ...rest } = change
  const asked = { ids, point, to, file: undefined }
  const chosen = await chooseCustomers(restoring, vault, asked, signal)
  const request: RestoreRequest = {
    ...chosen,
    entities: [],
    records: [],
    fields: [],
    isDeleteAllowed: false,
    isPlanOnly: false,
    agree: async () => {},
    ...rest,
  }
  return await restorePoint(restoring, vault, request, signal)
}

function readTable(file: string | undefined, table: string): Record<string, unknown>[] {
  const db = new DatabaseSync(file ?? '', { readOnly: true })
  try {
    return db
      .prepare(`SELECT * FROM ${table} ORDER BY 1, 2`)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    db.close()
  }
}

const CRM = `
CREATE TABLE account (id INTEGER PRIMARY KEY, tax TEXT, name TEXT);
CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account, name TEXT);
INSERT INTO account VALUES (1, 'DE1', 'Arndt'), (2, 'DE2', 'Behn');
INSERT INTO contact VALUES (10, 1, 'Ada'), (11, 1, 'Bo'), (20, 2, 'Cy')`
const ERP = `
CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT);
CREATE TABLE customer (no TEXT PRIMARY KEY, tax TEXT, country TEXT REFERENCES country, terms TEXT);
CREATE TABLE bank (customer TEXT REFERENCES customer, pos INTEGER, iban TEXT, PRIMARY KEY (customer, pos));
INSERT INTO country VALUES ('DE', 'Germany');
INSERT INTO customer VALUES ('A', 'DE1', 'DE', 'N30'), ('B', 'DE2', 'DE', 'N30');
INSERT INTO bank VALUES ('A', 1, 'DE01'), ('A', 2, 'DE02'), ('B', 1, 'DE03')`
const MAP = `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { taxId: tax, name: name } }
      main.contact: { role: contact, links: [{ fields: [account], to: main.account }] }
  erp:
    entities:
      main.country: { role: country }
      main.customer:
        role: customer
        identity: { taxId: tax }
        links: [{ fields: [country], to: main.country, kind: reference }]
      main.bank: { role: bank-account, links: [{ fields: [customer], to: main.customer }] }
`

const aGroup = () => vaultOfSql({ crm: CRM, erp: ERP }, MAP)

const BOTH = ['crm=crm', 'erp=erp']

test('restorePoint() puts one customer back in all systems and touches no other', async () => {
  using group = await aGroup()
  const { exec, files } = group
  exec('crm', `DELETE FROM contact; UPDATE account SET name = 'bad'`)
  exec(
    'erp',
    `UPDATE customer SET terms = 'N90'; UPDATE bank SET iban = 'XX'; UPDATE country SET name = 'bad'`,
  )
  const { plans, summaries } = await restore(group, { ids: ['A'], point: 'erp@1', to: ['erp'] })
  expect(plans).toMatchObject([{ point: 'erp@1', target: 'erp' }])
  expect(summaries).toMatchObject([{ inserted: 0, updated: 3, deleted: 0 }])
  const both = { ids: ['1'], point: '@2999-01-01T00:00:00Z', to: BOTH }
  const after = await restore(group, both)
  expect(after.summaries).toMatchObject([
    { inserted: 2, updated: 1, skipped: 0 },
    { inserted: 0, updated: 0, skipped: 3 },
  ])
  expect(new Set(after.plans.map(({ plan }) => plan)).size).toBe(1)
  expect(readTable(files['crm'], 'account')).toEqual([
    { id: 1, tax: 'DE1', name: 'Arndt' },
    { id: 2, tax: 'DE2', name: 'bad' },
  ])
  expect(readTable(files['crm'], 'contact').map(({ id }) => id)).toEqual([10, 11])
  expect(readTable(files['erp'], 'bank').map(({ iban }) => iban)).toEqual(['DE01', 'DE02', 'XX'])
  // What is only needed is not written.
  expect(readTable(files['erp'], 'country')).toEqual([{ code: 'DE', name: 'bad' }])
})

test('restorePoint() puts several customers back, by numbers of whichever system bears them', async () => {
  using group = await aGroup()
  const { exec, files } = group
  exec('crm', `UPDATE account SET name = 'bad'`)
  exec('erp', `UPDATE customer SET terms = 'N90'`)
  const both = { point: '@2999-01-01T00:00:00Z', to: BOTH }
  await expect(restore(group, { ids: ['A', 'erp=1'], ...both })).rejects.toMatchObject({
    code: 'customer.unknown',
    details: { id: '1' },
  })
  const { summaries } = await restore(group, { ids: ['crm=2', 'A', 'B', '2'], ...both })
  expect(summaries).toMatchObject([{ updated: 2 }, { updated: 2 }])
  expect(readTable(files['crm'], 'account').map(({ name }) => name)).toEqual(['Arndt', 'Behn'])
})

test('restorePoint() counts what came to a customer since, and deletes it when that is asked for', async () => {
  using group = await aGroup()
  const { exec, files } = group
  exec(
    'crm',
    `INSERT INTO contact VALUES (12, 1, 'new'), (21, 2, 'new'); UPDATE contact SET account = 1 WHERE id = 20`,
  )
  await group.backUp()
  exec('crm', `INSERT INTO contact VALUES (13, 1, 'not captured yet')`)
  const back = { ids: ['crm=1'], point: 'crm@1', to: ['crm'] }
  const kept = await restore(group, back)
  // Contact 20 was another's at the point: it is neither put back nor deleted.
  expect(kept.plans).toMatchObject([{ steps: [{ extra: 0 }, { extra: 2, delete: 0, same: 2 }] }])
  await restore(group, { ...back, isDeleteAllowed: true })
  expect(readTable(files['crm'], 'contact').map(({ id }) => id)).toEqual([10, 11, 13, 20, 21])
})

test("restorePoint() deletes nothing of a system that is not the source: its keys may be others'", async () => {
  using group = await aGroup()
  const { exec, files } = group
  using other = await vaultOfSql({ crm: CRM })
  other.exec('crm', `INSERT INTO contact VALUES (12, 2, 'of another customer')`)
  exec('crm', `INSERT INTO contact VALUES (12, 1, 'new')`)
  await group.backUp()
  const restoring = restoringInto({ ...files, copy: other.files['crm'] ?? '' })
  const back = { ids: ['crm=1'], point: 'crm@1', to: ['copy'], isDeleteAllowed: true }
  const { plans } = await restore({ restoring, vault: group.vault }, back)
  expect(plans).toMatchObject([{ steps: [{}, { extra: 1, delete: 0, same: 2 }] }])
  expect(readTable(other.files['crm'], 'contact').map(({ id }) => id)).toEqual([10, 11, 12, 20])
})

test('restorePoint() refuses what cannot be a whole customer', async () => {
  using group = await aGroup()
  const { vault } = group
  const point = '@2999-01-01T00:00:00Z'
  const refused = (change: Partial<CustomersChange>, code: string) =>
    expect(restore(group, { ids: ['1'], point, to: BOTH, ...change })).rejects.toMatchObject({
      code,
    })
  await refused({ ids: ['7'] }, 'customer.unknown')
  await refused({ to: ['crm=crm'] }, 'app.targets-unclear')
  await refused({ to: ['crm=crm', 'erp=crm'] }, 'app.targets-unclear')
  await refused({ to: ['crm'] }, 'app.targets-unclear')
  await vault.putDocument(
    'customers',
    MAP.replace('to: main.account }', 'to: main.account, rowsMax: 1 }'),
    signal,
  )
  await refused({}, 'app.customer-bounded')
  await vault.putDocument(
    'customers',
    MAP.replace('match:', 'bounds: { rowsMax: 2 }\nmatch:'),
    signal,
  )
  await refused({}, 'app.customer-bounded')
})

test('restorePoint() restores nobody whose tax id is that of very many others', async () => {
  using group = await aGroup()
  const { exec, files } = group
  const many = Array.from({ length: 101 }, (_, i) => `(${i + 100}, 'N/A', 'Somebody')`).join(', ')
  exec('crm', `INSERT INTO account VALUES ${many}`)
  exec('erp', `INSERT INTO customer VALUES ('N', 'N/A', 'DE', 'N30')`)
  await group.backUp()
  exec('crm', `UPDATE account SET name = 'bad'`)
  const damaged = readTable(files['crm'], 'account')
  const one = { ids: ['crm=100'], point: '@2999-01-01T00:00:00Z', to: BOTH }
  await expect(restore(group, one)).rejects.toMatchObject({ code: 'app.customer-bounded' })
  expect(readTable(files['crm'], 'account')).toEqual(damaged)
})

test('a later target that fails says what is committed, and the same command goes on', async () => {
  using group = await aGroup()
  const { exec } = group
  exec('crm', `UPDATE account SET name = 'bad'`)
  exec(
    'erp',
    `UPDATE bank SET iban = 'XX' WHERE pos = 1; UPDATE bank SET iban = 'DE01' WHERE customer = 'B';
     DELETE FROM bank WHERE pos = 2; CREATE UNIQUE INDEX only ON bank (iban)`,
  )
  const all = { ids: ['1'], point: '@2999-01-01T00:00:00Z', to: BOTH }
  await expect(restore(group, all)).rejects.toMatchObject({
    code: 'connector.constraint-violated',
    message: expect.stringContaining('crm is committed, erp is not'),
    details: { committed: ['crm'], open: ['erp'] },
  })
  // Nothing of it is there to be undone: what is written later is another restore's.
  const { begun, restores } = await group.vault.readRestores(signal)
  expect(listOpenRestores({ begun, restores })).toEqual([])
  expect(restores.map(({ body }) => [body.target, body.rolledBack])).toEqual([
    ['crm', undefined],
    ['erp', true],
  ])
  await expect(
    findBegun(group.vault, restores[1]?.body.restore ?? '', signal),
  ).rejects.toMatchObject({ code: 'app.restore-rolled-back' })
  exec('erp', 'DROP INDEX only')
  expect((await restore(group, all)).summaries).toMatchObject([
    { updated: 0, skipped: 3 },
    { inserted: 1, updated: 1, skipped: 1 },
  ])
})

/** Tables that hang in a random tree under the first, each row on a row of the table above. */
const lifeArb = fc.record({
  parents: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
  rows: fc.array(fc.array(fc.nat(7), { minLength: 3, maxLength: 8 }), {
    minLength: 5,
    maxLength: 5,
  }),
  damage: fc.array(
    fc.record({
      table: fc.nat(4),
      row: fc.nat(9),
      to: fc.nat(7),
      what: fc.constantFrom('change', 'delete', 'move', 'add'),
    }),
    { maxLength: 12 },
  ),
})

type Life = typeof lifeArb extends fc.Arbitrary<infer T> ? T : never
type ParentOf = (table: number) => number

function sqlOf(tables: readonly string[], rows: Life['rows'], parentOf: ParentOf): string {
  return tables
    .flatMap((table, i) => {
      const refers = i === 0 ? '' : ` REFERENCES t${parentOf(i)}`
      const made = `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, p INTEGER${refers}, v TEXT)`
      const count = rows[parentOf(i)]?.length ?? 1
      const values = (rows[i] ?? []).map((p, id) => {
        return `INSERT INTO ${table} VALUES (${id}, ${i === 0 ? 0 : p % count}, 'v')`
      })
      return [made, ...values]
    })
    .join(';')
}

function mapOf(tables: readonly string[], parentOf: ParentOf): string {
  const lines = tables.map((table, i) => {
    const link = i === 0 ? '' : `, links: [{ fields: [p], to: main.t${parentOf(i)} }]`
    return `      main.${table}: { role: ${i === 0 ? 'customer' : 'contact'}${link} }\n`
  })
  return `version: 1\nsources:\n  erp:\n    entities:\n${lines.join('')}`
}

function damageSql(tables: readonly string[], life: Life, parentOf: ParentOf): string {
  const done = life.damage.map(({ row, table, to, what }, n) => {
    const i = table % tables.length
    const p = i === 0 ? 0 : to % (life.rows[parentOf(i)]?.length ?? 1)
    if (what === 'change') return `UPDATE t${i} SET v = 'bad' WHERE id = ${row}`
    if (what === 'delete') return `DELETE FROM t${i} WHERE id = ${row}`
    if (what === 'move') return `UPDATE t${i} SET p = ${p} WHERE id = ${row}`
    return `INSERT INTO t${i} VALUES (${100 + n}, ${p}, 'new')`
  })
  // Rows whose parent is gone would be refused, whoever's they are.
  const orphans = tables.slice(1).map((table, i) => {
    return `DELETE FROM ${table} WHERE p NOT IN (SELECT id FROM t${parentOf(i + 1)})`
  })
  return [...done, ...orphans].join(';')
}

test('a customer of a random schema is as it was after random damage, and others stay as they are', async () => {
  await fc.assert(
    fc.asyncProperty(lifeArb, async (random) => {
      const parentOf = (i: number) => Math.max(0, Math.min(random.parents[i - 1] ?? 0, i - 1))
      const tables = [0, ...random.parents].map((_, i) => `t${i}`)
      using life = await vaultOfSql(
        { erp: sqlOf(tables, random.rows, parentOf) },
        mapOf(tables, parentOf),
      )
      const state = () => tables.map((table) => readTable(life.files['erp'], table))
      const before = state()
      life.exec('erp', damageSql(tables, random, parentOf))
      await life.backUp()
      const damaged = state()
      await restore(life, { ids: ['0'], point: 'erp@1', to: ['erp'], isDeleteAllowed: true })
      expect(state()).toEqual(wantedOf(before, damaged, parentOf))
    }),
    { numRuns: 8 },
  )
}, 60_000)

/** What is the customer's comes back, what came to it goes, everything else stays as it is. */
function wantedOf(before: Tables, damaged: Tables, parentOf: ParentOf): Tables {
  const owned = ownedOf(before, parentOf)
  const wasThere = before.map((rows) => new Set(rows.map(({ id }) => id)))
  const mayLead = (i: number, id: unknown) => {
    return owned[i]?.has(id) === true || wasThere[i]?.has(id) !== true
  }
  const came = ownedOf(damaged, parentOf, mayLead)
  return before.map((rows, i) => {
    const isOwned = ({ id }: Record<string, unknown>) => owned[i]?.has(id) === true
    const isAdded = ({ id }: Record<string, unknown>) =>
      came[i]?.has(id) === true && wasThere[i]?.has(id) !== true
    const kept = (damaged[i] ?? []).filter((row) => !isOwned(row) && !isAdded(row))
    return [...kept, ...rows.filter(isOwned)].sort((a, b) => Number(a['id']) - Number(b['id']))
  })
}

type Tables = Record<string, unknown>[][]

/** Ids of the rows of each table that hang on row 0 of the first, over rows that `mayLead`. */
function ownedOf(
  tables: Tables,
  parentOf: ParentOf,
  mayLead: (table: number, id: unknown) => boolean = () => true,
): Set<unknown>[] {
  const owned: Set<unknown>[] = []
  for (const [i, rows] of tables.entries()) {
    const own = rows.filter(({ id, p }) => {
      return i === 0 ? id === 0 : owned[parentOf(i)]?.has(p) && mayLead(parentOf(i), p)
    })
    owned.push(new Set(own.map(({ id }) => id)))
  }
  return owned
}
