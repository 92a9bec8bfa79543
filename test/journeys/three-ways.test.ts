import { readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, linesOf, type Traveller } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  live: { connector: sqlite, file: ./erp.db }
  copy: { connector: sqlite, file: ./copy.db }
`

const MAP = `version: 1
sources:
  erp:
    entities:
      main.customer:
        role: customer
        classes: { bank: [iban] }
      main.region:
        role: country
        open: { field: state, values: [open] }
      main.note:
        role: other
        links:
          - { fields: [region], to: main.region, kind: reference }
      main.period:
        role: other-reference
        open: { field: state, values: [open] }
      main.posting:
        role: other
        period:
          { date: day, fields: [company], to: main.period, toFields: [company], from: first, until: last }
`

/** A note on the customer that the copy has lost, and a region that it never had. */
const NOTES = `
  CREATE TABLE region (code TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
  CREATE TABLE note (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), region TEXT
  );
  CREATE TABLE period (company TEXT, first TEXT, last TEXT, state TEXT);
  CREATE TABLE posting (id INTEGER PRIMARY KEY, company TEXT, day TEXT, amount TEXT);`
const NOTED = `
  INSERT INTO region VALUES ('DE', 'open');
  INSERT INTO note VALUES (7, 10, 'DE');
  INSERT INTO period VALUES
    ('A', '2026-05-01', '2026-05-31', 'closed'), ('A', '2026-06-01', '2026-06-30', 'open');
  INSERT INTO posting VALUES (1, 'A', '2026-05-10', '100.00'), (2, 'A', '2026-06-10', '5.00')`
const LOST = 'DELETE FROM address WHERE customer_id = 10; DELETE FROM customer WHERE id = 10'

/** Captured as the second point: known to history. */
const KNOWN = `
  UPDATE customer SET terms = '90d', iban = 'K' || id WHERE id <= 4;
  DELETE FROM address WHERE customer_id = 9; DELETE FROM customer WHERE id = 9;
  INSERT INTO customer (id, name, terms) VALUES (901, 'Came', '1d'), (902, 'Came, too', '1d');`
/** Done after that: nobody has captured it. */
const UNSEEN = `
  UPDATE customer SET iban = 'N' || id WHERE id IN (1, 2);
  UPDATE customer SET name = 'New' WHERE id IN (2, 6);
  UPDATE customer SET terms = '2d' WHERE id = 902;
  DELETE FROM address WHERE customer_id = 12; DELETE FROM customer WHERE id = 12;`

let traveller: Traveller

beforeEach(async () => {
  traveller = await aTraveller()
  const { at, configure, summary } = traveller
  createExample(at('erp.db'))
  createExample(at('copy.db'))
  change(at('erp.db'), NOTES + NOTED)
  change(at('copy.db'), NOTES + LOST)
  await configure(CONFIG)
  await writeFile(at('customers.yaml'), MAP)
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  change(at('erp.db'), KNOWN)
  await summary('backup')
  change(at('erp.db'), UNSEEN)
})

const restore = (...argv: string[]) => {
  return ['restore', 'erp@1', '--to', 'live', '--entity', 'main.customer', ...argv]
}
const confirmed = (...argv: string[]) => restore('--confirm', 'live', ...argv)

/** Number, name, IBAN and terms of some customers, as the database has them. */
function customers({ at }: Traveller): string[] {
  using database = new DatabaseSync(at('erp.db'))
  const sql = `SELECT id, substr(name, 1, 3) AS name, iban, terms FROM customer
    WHERE id IN (1, 2, 3, 6, 9, 12, 901, 902) ORDER BY id`
  return database
    .prepare(sql)
    .all()
    .map((row) => Object.values(row).join(' '))
}

test('what history tells otherwise than the point and the system is a conflict, until somebody decides', async () => {
  const { holdfast, answer } = traveller
  const before = readAll(traveller.at('erp.db'))
  const refused = await holdfast(...confirmed())
  expectFailure(refused, 5, 'restore.conflicts')
  expect(refused.stderr).toContain(
    'conflict main.customer:2: iban (bank) was changed since; somebody has to decide\n',
  )
  // What records hold goes where it was asked for, and never into a log.
  expect(refused.stderr).not.toMatch(/DE2|K2|N2/)
  const asked = await holdfast(...restore('--plan-only'))
  expect(asked.stderr).not.toMatch(/DE2|K2|N2/)
  expect(asked.stdout).toContain(
    'conflict main.customer:2: iban (bank) is "DE2" at the point, "K2" when captured last, "N2" now; somebody has to decide\n',
  )
  const plan = await answer<{ conflicts: unknown[]; steps: unknown[] }>(...restore('--plan-only'))
  expect(plan.steps).toMatchObject([{ insert: 2, update: 3, extra: 2, conflicts: 2 }])
  expect(plan.conflicts).toMatchObject([
    { key: '1', found: 'changed', fields: ['iban'] },
    {
      key: '2',
      values: [
        {
          field: 'iban',
          class: 'bank',
          point: 'DE2',
          captured: 'K2',
          live: 'N2',
          policy: 'ask',
          becomes: 'open',
        },
      ],
    },
  ])
  const lines = linesOf<{ type: string }>(await holdfast(...confirmed('--json')))
  expect(lines).toMatchObject([{ type: 'plan', conflicts: [{ key: '1' }, { key: '2' }] }])
  expect(readAll(traveller.at('erp.db'))).toEqual(before)
  // Another system has no history of its own to contradict.
  expect(await answer(...restore('--to', 'copy', '--plan-only').toSpliced(2, 2))).toMatchObject({
    steps: [{ insert: 1, update: 0 }],
  })
})

/** A line of a plan file. */
function tryParse(line: string): { key?: string } {
  return line === '' ? {} : JSON.parse(line)
}

test('a policy decides: for all fields, or for a class of the customer map', async () => {
  const { holdfast, summary } = traveller
  expectFailure(await holdfast(...confirmed('--on-conflict', 'mine')), 2, 'restore.policy-invalid')
  const unknown = await holdfast(...confirmed('--on-conflict', 'bnk=ours'))
  expectFailure(unknown, 2, 'app.class-unknown')
  expect(unknown.stderr).toContain('did you mean "bank"?')

  // What was changed since the last capture stays, and comes to nobody but banks.
  const mixed = ['--on-conflict', 'newer', '--on-conflict', 'bank=ours', '--delete-added']
  expect(await summary(...confirmed(...mixed))).toMatchObject({
    inserted: 2,
    updated: 4,
    deleted: 0,
    stay: 7,
    verified: { records: 500, different: 0 },
  })
  expect(customers(traveller)).toEqual([
    '1 Mül DE1 90d',
    '2 New DE2 90d',
    '3 Mül DE3 90d',
    '6 New DE6 ',
    '9 Mül DE9 ',
    '12 Mül DE12 ',
    '901 Cam  1d',
    '902 Cam  2d',
  ])
  // A capture in between tells more of a record than the plan did, and changes no write.
  const { at } = traveller
  const plan = restore('--on-conflict', 'ours', '--delete-added', '--plan-only')
  await holdfast(...plan, '--out', at('fix.plan'))
  const steps = (await readFile(at('fix.plan'), 'utf8')).split('\n').map(tryParse)
  expect(steps.find(({ key }) => key === '1')).toMatchObject({
    op: 'update',
    fields: { terms: { before: '90d', after: '30d' } },
    notes: { since: { point: 'erp@2' } },
  })
  await summary('backup')
  expect(await summary('restore', '--plan', at('fix.plan'), '--confirm', 'live')).toMatchObject({
    deleted: 2,
    verified: { different: 0 },
  })
  expect(customers(traveller)).toEqual([
    '1 Mül DE1 30d',
    '2 Mül DE2 30d',
    '3 Mül DE3 ',
    '6 Mül DE6 ',
    '9 Mül DE9 ',
    '12 Mül DE12 ',
  ])
})

test('rows that need what the target lacks are refused, or it comes back with them, or they let it go', async () => {
  const { answer, at, holdfast, summary } = traveller
  const ask = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy', '--record', 'main.note:7']
  const refused = await holdfast(...ask)
  expectFailure(refused, 5, 'restore.parents-missing')
  expect(refused.stderr).toContain(
    'rows to write need country main.region:DE, main.customer:10, which are missing',
  )
  const plan = await answer<{ missing: unknown[] }>(...ask, '--plan-only')
  expect(plan.missing).toMatchObject([
    { entity: 'main.region', values: ['DE'] },
    { entity: 'main.customer', values: ['10'], neededBy: { entity: 'main.note', key: '7' } },
  ])
  // The region is no foreign key's business: the map says it.
  expect(await summary(...ask, '--missing-parents', 'null')).toMatchObject({
    inserted: 1,
    verified: { records: 1, different: 0 },
  })
  expect(readAll(at('copy.db'))['note']).toEqual([expect.stringContaining('NULL')])
  change(at('copy.db'), 'DELETE FROM note')
  expect(await summary(...ask, '--missing-parents', 'create')).toMatchObject({
    inserted: 3,
    verified: { records: 3, different: 0 },
  })
  // Reference data that is closed in the target is no help.
  change(at('copy.db'), `DELETE FROM note; UPDATE region SET state = 'closed'`)
  expectFailure(await holdfast(...ask), 5, 'restore.reference-closed')
})

test('what is posted in a closed period is not changed: the entries that adjust it are told', async () => {
  const { answer, at, holdfast, summary } = traveller
  change(at('erp.db'), `UPDATE posting SET amount = CASE id WHEN 1 THEN '80.5' ELSE '6.00' END`)
  const ask = ['restore', 'erp@1', '--to', 'live', '--confirm', 'live']
  const whole = [...ask, '--entity', 'main.posting']
  const refused = await holdfast(...whole)
  expectFailure(refused, 5, 'restore.period-closed')
  expect(refused.stderr).toContain(
    'adjust main.posting:1: update of 2026-05-10, in a closed period: amount\n',
  )
  expect((await holdfast(...whole, '--plan-only')).stdout).toContain(
    'adjust main.posting:1: update of 2026-05-10, in a closed period: amount 80.5 -> 100.00 (+19.50)\n',
  )
  expect(await answer(...whole, '--plan-only')).toMatchObject({
    adjusting: {
      records: 1,
      entries: [
        {
          entity: 'main.posting',
          key: '1',
          op: 'update',
          day: '2026-05-10',
          found: 'closed',
          fields: { amount: { before: '80.5', after: '100.00', difference: '+19.50' } },
        },
      ],
    },
  })
  const put = await summary<{ restore: string }>(...ask, '--record', 'main.posting:2')
  expect(put).toMatchObject({ updated: 1 })
  // Closed since, it is not what undoing may change either.
  change(at('erp.db'), `UPDATE period SET state = 'closed'`)
  const before = readAll(at('erp.db'))
  const undo = await holdfast('undo', put.restore, '--confirm', 'live')
  expectFailure(undo, 5, 'restore.period-closed')
  expect(undo.stderr).toContain('adjust main.posting:2: update of 2026-06-10, in a closed period')
  expect(readAll(at('erp.db'))).toEqual(before)
  await writeFile(at('without.yaml'), MAP.replace(/^ {8}period:\n.*\n/m, ''))
  const argv = ['undo', put.restore, '--map', at('without.yaml'), '--confirm', 'live']
  expect(await summary(...argv)).toMatchObject({ updated: 1 })
})

test('reference data of another system is looked for as it was captured last', async () => {
  const { at, configure, holdfast, summary } = traveller
  change(
    at('ref.db'),
    `CREATE TABLE region (code TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
    INSERT INTO region VALUES ('FR', 'open')`,
  )
  await configure(
    CONFIG.replace('targets:', '  ref: { connector: sqlite, file: ./ref.db }\ntargets:'),
  )
  const elsewhere = MAP.replace('to: main.region,', 'source: ref, to: main.region,')
  const region = `  ref:
    entities:
      main.region: { role: country, open: { field: state, values: [open] } }
`
  await writeFile(at('customers.yaml'), elsewhere + region)
  await summary('backup', 'ref')
  change(at('copy.db'), `INSERT INTO customer (id, name) VALUES (10, 'There')`)
  const ask = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy', '--record', 'main.note:7']
  const refused = await holdfast(...ask)
  expectFailure(refused, 5, 'restore.parents-missing')
  expect(refused.stderr).toContain('missing country ref main.region:DE: needed by main.note:7')
  change(at('ref.db'), `INSERT INTO region VALUES ('DE', 'open')`)
  await summary('backup', 'ref')
  expect(await summary(...ask)).toMatchObject({ inserted: 1, verified: { different: 0 } })
})
