import { describe, expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { findEntity, readSystem } from '../testing/contract-system.ts'
import { freshSqlite, run, sqliteHarness } from '../testing/sqlite-system.ts'

async function describeSql(sql: string) {
  await using system = await freshSqlite()
  await system.exec(sql)
  return await readSystem(sqliteHarness, system)
}

async function describeTable(sql: string) {
  const { catalogue } = await describeSql(sql)
  return findEntity(catalogue, 'main.t')
}

describe('keys', () => {
  test.each<[string, string, unknown, string]>([
    [
      'the rowid under its name',
      'CREATE TABLE t (id INTEGER PRIMARY KEY)',
      { fields: ['id'], encodings: ['integer'] },
      'key',
    ],
    [
      'an integer key that holds integers',
      'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)',
      { fields: ['id'], encodings: ['integer'] },
      'key',
    ],
    [
      'an integer key that holds text too',
      "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), ('x')",
      { fields: ['id'], encodings: ['text'] },
      'none',
    ],
    [
      'a text key in byte order',
      'CREATE TABLE t (id TEXT PRIMARY KEY)',
      { fields: ['id'], encodings: ['text'] },
      'key',
    ],
    [
      'a text key in another order',
      'CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY)',
      { fields: ['id'], encodings: ['text'] },
      'none',
    ],
    [
      'a text key with a blob in it',
      "CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES (x'00')",
      { fields: ['id'], encodings: ['text'] },
      'none',
    ],
    [
      'a blob key',
      "CREATE TABLE t (id BLOB PRIMARY KEY); INSERT INTO t VALUES (x'00')",
      { fields: ['id'], encodings: ['bytes'] },
      'key',
    ],
    [
      'a descending key',
      'CREATE TABLE t (a INT, b INT, PRIMARY KEY (a, b DESC)) WITHOUT ROWID',
      { fields: ['a', 'b'], encodings: ['integer', 'integer'] },
      'none',
    ],
    [
      'a key in another order than its columns',
      'CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID',
      { fields: ['b', 'a'], encodings: ['integer', 'text'] },
      'key',
    ],
    [
      'a numeric key',
      'CREATE TABLE t (id DECIMAL(9) PRIMARY KEY); INSERT INTO t VALUES (1)',
      { fields: ['id'], encodings: ['text'] },
      'none',
    ],
    [
      'a key with a null',
      'CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES (NULL)',
      null,
      'none',
    ],
    [
      'a key with a null and an index without',
      'CREATE TABLE t (id TEXT PRIMARY KEY, n INT NOT NULL UNIQUE); INSERT INTO t VALUES (NULL, 1)',
      { fields: ['n'], encodings: ['integer'] },
      'key',
    ],
    [
      'a partial index',
      'CREATE TABLE t (n INT NOT NULL); CREATE UNIQUE INDEX i ON t (n) WHERE n > 0',
      null,
      'none',
    ],
    [
      'an index over an expression',
      'CREATE TABLE t (n INT NOT NULL); CREATE UNIQUE INDEX i ON t (n + 1)',
      null,
      'none',
    ],
    ['an index that lets nulls in', 'CREATE TABLE t (n INT UNIQUE)', null, 'none'],
  ])('%s', async (_, sql, key, scanOrder) => {
    expect(await describeTable(sql)).toMatchObject({ key, scanOrder })
  })

  test('text in UTF-16 is not scanned in key order', async () => {
    await using system = await freshSqlite('delete')
    run(
      system.path,
      `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id TEXT PRIMARY KEY);
      INSERT INTO t VALUES ('é😀'), ('a' || char(0) || 'b')`,
    )
    const { catalogue, rows } = await readSystem(sqliteHarness, system)
    expect(findEntity(catalogue, 'main.t').scanOrder).toBe('none')
    expect(rows.get('main.t' as EntityName)).toEqual([['é😀'], ['a\u0000b']])
  })
})

describe('types', () => {
  test('a value that the affinity does not produce makes the type any', async () => {
    const { catalogue, rows } = await describeSql(`CREATE TABLE t (id INTEGER PRIMARY KEY,
      a TEXT, b TEXT, c INTEGER, d INTEGER, e BLOB, f, g DATETIME);
      INSERT INTO t VALUES (1, 'x', x'00', 1, x'01', x'02', 'y', '2026-01-01'),
        (2, 'x', 'it''s', 'z', 2.5, 'text', 1, 1.5)`)
    const { fields } = findEntity(catalogue, 'main.t')
    const types = ['INTEGER', 'TEXT', 'any', 'INTEGER', 'any', 'BLOB', 'any', 'DATETIME']
    expect(fields.map(({ type }) => type)).toEqual(types)
    expect(rows.get('main.t' as EntityName)).toEqual([
      ['1', 'x', "x'00'", '1', "x'01'", '\\x02', "'y'", '2026-01-01'],
      ['2', 'x', "'it''s'", 'z', '2.5', "'text'", '1', '1.5'],
    ])
  })

  test('a type that is called any is another one', async () => {
    const { fields } = await describeTable('CREATE TABLE t (a any, b ANY)')
    expect(fields.map(({ type }) => type)).toEqual(['ANY', 'ANY'])
  })

  test('a strict table is described as it says', async () => {
    const { fields } = await describeTable('CREATE TABLE t (a INT, b TEXT, c ANY) STRICT')
    expect(fields.map(({ type }) => type)).toEqual(['INT', 'TEXT', 'any'])
  })

  test('all kinds of generated columns are left out', async () => {
    const { fields } = await describeTable(`CREATE TABLE t (a INT, b INT AS (a + 1) STORED,
      c INT AS (a + 2) VIRTUAL, d INT)`)
    expect(fields.map(({ name }) => name)).toEqual(['a', 'd'])
  })

  test('text keeps NUL, and a replacement character that was stored', async () => {
    const { rows } = await describeSql(`CREATE TABLE t (v TEXT);
      INSERT INTO t VALUES ('a' || char(0) || 'b'), (char(65533)), (char(65279) || 'bom')`)
    expect(rows.get('main.t' as EntityName)).toEqual([['a\u0000b'], ['\ufffd'], ['\ufeffbom']])
  })

  test.each(["CAST(x'61ff' AS TEXT)", "CAST(x'eda080' AS TEXT)", "CAST(x'f09f98' AS TEXT)"])(
    'broken text is refused by name: %s',
    async (value) => {
      const read = describeSql(`CREATE TABLE t (good TEXT, bad TEXT);
        INSERT INTO t VALUES (char(65533), ${value})`)
      await expect(read).rejects.toMatchObject({
        code: 'connector.value-refused',
        details: { entity: 'main.t', field: 'bad' },
      })
    },
  )

  test('broken text in UTF-16 is refused as well', async () => {
    await using system = await freshSqlite('delete')
    run(
      system.path,
      `PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (v TEXT);
      INSERT INTO t VALUES (CAST(x'd83d' AS TEXT))`,
    )
    await expect(readSystem(sqliteHarness, system)).rejects.toMatchObject({
      code: 'connector.value-refused',
    })
  })
})

test('missing values are what ALTER TABLE gives old rows', async () => {
  const sql = `CREATE TABLE t (a INT NOT NULL); INSERT INTO t VALUES (1);
    ALTER TABLE t ADD b TEXT DEFAULT 'it''s	x'; ALTER TABLE t ADD c INT DEFAULT '7';
    ALTER TABLE t ADD d REAL DEFAULT 1; ALTER TABLE t ADD e BLOB DEFAULT x'00';
    ALTER TABLE t ADD f TEXT NOT NULL DEFAULT -0x10; ALTER TABLE t ADD g DEFAULT TRUE;
    ALTER TABLE t ADD h TEXT`
  const { catalogue, rows } = await describeSql(sql)
  const { fields } = findEntity(catalogue, 'main.t')
  const missing = [null, "it's\\tx", '7', '1.0', '\\\\x00', '-16', '1', '\\N']
  expect(fields.map((field) => field.missing)).toEqual(missing)
  const [row] = rows.get('main.t' as EntityName) ?? []
  expect(row).toEqual(['1', "it's\tx", '7', '1.0', '\\x00', '-16', '1', null])
  const other = await describeTable('CREATE TABLE t (a TEXT DEFAULT CURRENT_TIMESTAMP)')
  expect(other.fields[0]?.missing).toBeNull()
})

test('what is not restored is named, and shadow tables go with their table', async () => {
  const { catalogue } = await describeSql(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
    CREATE VIRTUAL TABLE "full text" USING fts5(v);
    CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET v = 'x'; END`)
  expect(catalogue.entities.map(({ entity }) => entity)).toEqual(['main.t'])
  expect(catalogue.notRestored).toEqual([
    { kind: 'virtual table', name: 'main."full text"' },
    { kind: 'trigger', name: 'main.tr' },
  ])
})

test('foreign keys name tables and fields as those name themselves', async () => {
  const { catalogue } = await describeSql(`CREATE TABLE Parent (Id INTEGER PRIMARY KEY);
    CREATE TABLE t (a INT REFERENCES PARENT, b INT REFERENCES parent (ID), c INT REFERENCES none (x))`)
  const { foreignKeys } = findEntity(catalogue, 'main.t')
  expect(foreignKeys.map(({ entity, referencedFields }) => [entity, referencedFields])).toEqual([
    ['main.none', ['x']],
    ['main.Parent', ['Id']],
    ['main.Parent', ['Id']],
  ])
})
