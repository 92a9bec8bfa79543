import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, linesOf } from './testing/traveller.ts'

const TABLES = `CREATE TABLE country (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
    parent INTEGER REFERENCES account, country INTEGER NOT NULL REFERENCES country);
  CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, name TEXT);
  CREATE TABLE account_tag (account INTEGER NOT NULL REFERENCES account, tag TEXT NOT NULL,
    PRIMARY KEY (account, tag));
  INSERT INTO country VALUES (49, 'Germany'), (43, 'Austria');`
const OLD = `${TABLES}
  INSERT INTO account VALUES (1, 'Arndt', NULL, 49), (2, 'Behn', 1, 43), (7, 'Calb', 2, 49);
  INSERT INTO contact VALUES (10, 1, 'Ada'), (11, 2, 'Bo'), (12, 7, 'Cy');
  INSERT INTO account_tag VALUES (1, 'key'), (2, 'key');`
/** Others have these numbers, and more were given once than are there. */
const NEW = `${TABLES}
  INSERT INTO account VALUES (1, 'Xaver', NULL, 49), (2, 'Yps', 1, 49), (40, 'gone', NULL, 49);
  DELETE FROM account WHERE id = 40;
  INSERT INTO contact VALUES (10, 1, 'Xenia'), (30, 2, 'Yann');
  INSERT INTO account_tag VALUES (1, 'key');`
const CONFIG = `sources:
  old: { connector: sqlite, file: ./old.db }
targets:
  new: { connector: sqlite, file: ./new.db }
`
const MINT = ['--keys', 'mint', '--keys', 'main.country=keep']
const INTO = ['--to', 'new', '--confirm', 'new']

type Summary = {
  readonly restore: string
  readonly inserted: number
  readonly updated: number
  readonly skipped: number
}

function ask(path: string, sql: string): unknown[] {
  using db = new DatabaseSync(path, { readOnly: true })
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row))
}

test('a target that numbers its records gets them under its own keys, and finds them again', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  change(at('old.db'), OLD)
  change(at('new.db'), NEW)
  await configure(CONFIG)
  await holdfast('init')
  await summary('backup')
  const before = readAll(at('new.db'))

  // What is named and not put back is somebody else there.
  const one = ['restore', 'old@1', ...INTO, '--record', 'main.account:2']
  expectFailure(await holdfast(...one, ...MINT), 5, 'restore.reference-unminted')
  expectFailure(
    await holdfast(
      'restore',
      'old@1',
      ...INTO,
      '--keys',
      'mint',
      '--keys',
      'main.account_tag=mint',
    ),
    2,
    'restore.key-unmintable',
  )
  expect(readAll(at('new.db'))).toEqual(before)

  const first = await summary<Summary>('restore', 'old@1', ...INTO, ...MINT)
  expect(first).toMatchObject({ inserted: 8, updated: 0 })
  expect(ask(at('new.db'), 'SELECT id, name, parent, country FROM account ORDER BY id')).toEqual([
    [1, 'Xaver', null, 49],
    [2, 'Yps', 1, 49],
    [41, 'Arndt', null, 49],
    [42, 'Behn', 41, 43],
    [43, 'Calb', 42, 49],
  ])
  expect(ask(at('new.db'), 'SELECT * FROM contact WHERE id > 30')).toEqual([
    [31, 41, 'Ada'],
    [32, 42, 'Bo'],
    [33, 43, 'Cy'],
  ])
  expect(ask(at('new.db'), 'SELECT * FROM account_tag')).toEqual([
    [1, 'key'],
    [41, 'key'],
    [42, 'key'],
  ])

  // The application goes on; the same again writes nothing, and what changed is found under its number.
  change(at('new.db'), `INSERT INTO account (name, country) VALUES ('Zoe', 49)`)
  const again = await summary<Summary>('restore', 'old@1', ...INTO, ...MINT)
  expect(again).toMatchObject({ inserted: 0, updated: 0, skipped: 10 })
  expectFailure(await holdfast('restore', 'old@1', ...INTO), 2, 'restore.keys-unsaid')
  change(
    at('old.db'),
    `UPDATE account SET name = 'Behn AG' WHERE id = 2;
    INSERT INTO account VALUES (8, 'Dorn', 7, 49)`,
  )
  await summary('backup')
  const second = await summary<Summary>(
    'restore',
    'old@2',
    ...INTO,
    ...MINT,
    '--record',
    'main.account:2',
    '--record',
    'main.account:8',
  )
  expect(second).toMatchObject({ inserted: 1, updated: 1 })
  expect(ask(at('new.db'), 'SELECT id, name, parent FROM account WHERE id > 41')).toEqual([
    [42, 'Behn AG', 41],
    [43, 'Calb', 42],
    [44, 'Zoe', null],
    [45, 'Dorn', 43],
  ])

  const csv = await holdfast('crosswalk', 'new', '--csv')
  expect(csv.stdout.split('\r\n')).toContainEqual(
    expect.stringMatching(/^old,main\.account,8,main\.account,45,[0-9a-f]{16},.*,written$/),
  )

  // Taken back, the numbers count no more.
  await summary('undo', second.restore, '--confirm', 'new')
  expect(ask(at('new.db'), 'SELECT id, name FROM account WHERE id > 41')).toEqual([
    [42, 'Behn'],
    [43, 'Calb'],
    [44, 'Zoe'],
  ])
  const listed = linesOf(await holdfast('crosswalk', 'new', '--all', '--json'))
  expect(listed.find(({ entity, key }) => `${entity}:${key}` === 'main.account:8')).toMatchObject({
    ...{ targetKey: '45', restore: second.restore, state: 'undone' },
  })
})

const CRM = `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, erp INTEGER);
  CREATE TABLE note (id INTEGER PRIMARY KEY, about TEXT NOT NULL, ref INTEGER NOT NULL, said TEXT);`
const ERP = `CREATE TABLE debtor (id INTEGER PRIMARY KEY, name TEXT, crm INTEGER NOT NULL);
  CREATE TABLE item (debtor INTEGER NOT NULL REFERENCES debtor, no INTEGER NOT NULL, amount TEXT,
    PRIMARY KEY (debtor, no));`
const TWO = `sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
targets:
  crm2: { connector: sqlite, file: ./crm2.db }
  erp2: { connector: sqlite, file: ./erp2.db }
`
const MAP = `version: 1
sources:
  crm:
    entities:
      main.account:
        role: customer
        links: [{ fields: [erp], source: erp, to: main.debtor, kind: same }]
      main.note:
        role: other
        links: [{ fields: [ref], when: { about: account }, to: main.account }]
  erp:
    entities:
      main.debtor:
        role: customer
        links: [{ fields: [crm], source: crm, to: main.account, kind: same }]
      main.item: { role: invoice, links: [{ fields: [debtor], to: main.debtor }] }
`

test('one customer gets new keys in two systems that name each other, by one plan', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  change(
    at('crm.db'),
    `${CRM} INSERT INTO account VALUES (1, 'Arndt', 70), (2, 'Behn', 71);
    INSERT INTO note VALUES (5, 'account', 2, 'late'), (6, 'order', 2, 'none of ours')`,
  )
  change(
    at('erp.db'),
    `${ERP} INSERT INTO debtor VALUES (70, 'Arndt', 1), (71, 'Behn', 2);
    INSERT INTO item VALUES (71, 1, '9.50'), (71, 2, '0.50')`,
  )
  change(
    at('crm2.db'),
    `${CRM} INSERT INTO account VALUES (300, 'Xaver', 900); INSERT INTO note VALUES (9, 'account', 300, 'x')`,
  )
  change(
    at('erp2.db'),
    `${ERP} INSERT INTO debtor VALUES (900, 'Xaver', 300); INSERT INTO item VALUES (900, 1, '1')`,
  )
  await configure(TWO)
  await writeFile(at('customers.yaml'), MAP)
  await holdfast('init')
  await summary('backup')
  for (const source of ['crm', 'erp']) await holdfast('label', `${source}@1`, 'good')
  const both = [
    'restore',
    '@good',
    '--customer',
    'crm=2',
    '--to',
    'crm=crm2',
    '--to',
    'erp=erp2',
    '--keys',
    'mint',
  ]
  await holdfast(...both, '--plan-only', '--out', 'new.plan')
  const run = await holdfast(
    'restore',
    '--plan',
    'new.plan',
    '--confirm',
    'crm2',
    '--confirm',
    'erp2',
  )
  expect(run, run.stderr).toMatchObject({ exit: 0 })
  expect(ask(at('crm2.db'), 'SELECT * FROM account')).toEqual([
    [300, 'Xaver', 900],
    [301, 'Behn', 901],
  ])
  expect(ask(at('crm2.db'), 'SELECT * FROM note')).toEqual([
    [9, 'account', 300, 'x'],
    [10, 'account', 301, 'late'],
  ])
  expect(ask(at('erp2.db'), 'SELECT * FROM debtor')).toEqual([
    [900, 'Xaver', 300],
    [901, 'Behn', 301],
  ])
  expect(ask(at('erp2.db'), 'SELECT * FROM item')).toEqual([
    [900, 1, '1'],
    [901, 1, '9.50'],
    [901, 2, '0.50'],
  ])
  const again = await summary<Summary>(...both, '--confirm', 'crm2', '--confirm', 'erp2')
  expect(again).toMatchObject({ inserted: 0, updated: 0, skipped: 3 })
})
