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
