import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { TargetWrite } from '../connector.ts'
import { readAs } from '../read-as.ts'
import {
  copySystem,
  findEntity,
  largeRowOf,
  openTarget,
  readRows,
  readSystem,
  readTable,
  rowsOf,
} from '../testing/contract-system.ts'
import { freshSqlite, run, type SqliteSystem, sqliteHarness } from '../testing/sqlite-system.ts'

const never = new AbortController().signal
const T = 'main.t' as EntityName

async function write(
  { address }: SqliteSystem,
  steps: (write: TargetWrite) => Promise<unknown>,
): Promise<void> {
  await using target = await openTarget(sqliteHarness, address)
  await using opened = await target.openWrite(never)
  await steps(opened)
  await opened.commit()
}

function query({ path }: SqliteSystem, sql: string): unknown[] {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    db.close()
  }
}

async function systemWith(sql: string): Promise<SqliteSystem> {
  const system = await freshSqlite()
  run(system.path, sql)
  return system
}

describe('a living database', () => {
  test('triggers do not fire, and are there afterwards', async () => {
    await using system = await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO t VALUES (1, 'a'), (2, 'b'); CREATE TABLE log (what TEXT);
      CREATE TRIGGER "on insert" AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.v); END;
      CREATE TRIGGER on_update BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'no'); END;
      CREATE TRIGGER on_delete AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('gone'); END;
      CREATE TRIGGER of_log AFTER INSERT ON log BEGIN SELECT 1; END`)
    const triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
    const before = query(system, triggers)
    await write(system, async (opened) => {
      await opened.insertRows(T, ['id', 'v'], rowsOf(['3', 'c']))
      await opened.updateRows(T, { key: ['id'], fields: ['id', 'v'], rows: rowsOf(['1', 'A']) })
      await opened.deleteRows(T, { key: ['id'], fields: ['id'], rows: rowsOf(['2']) })
    })
    expect(query(system, 'SELECT * FROM log')).toEqual([])
    expect(query(system, triggers)).toEqual(before)
    expect(await readTable(sqliteHarness, system, T)).toEqual([
      ['1', 'A'],
      ['3', 'c'],
    ])
  })

  test('rows that exchange unique values keep fields with names that SQLite would change', async () => {
    await using system = await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY, u INTEGER UNIQUE,
      "true" TEXT, "FALSE" NUMERIC, "column3", c0 REAL);
      INSERT INTO t VALUES (1, 10, 'a', '01x', x'00', 1), (2, 20, 'b', 7, '1', -0.5)`)
    await write(system, async (opened) => {
      const rows = rowsOf(['1', '20', 'A'], ['2', '10', 'B'])
      await opened.updateRows(T, { key: ['id'], fields: ['id', 'u', 'true'], rows })
    })
    expect(await readTable(sqliteHarness, system, T)).toEqual([
      ['1', '20', 'A', '01x', "x'00'", '1.0'],
      ['2', '10', 'B', '7', "'1'", '-0.5'],
    ])
  })

  test('nothing is deleted that the plan does not name', async () => {
    await using system = await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t ON DELETE CASCADE);
      INSERT INTO t VALUES (1); INSERT INTO child VALUES (1, 1)`)
    const keyed = { key: ['id'], fields: ['id'] }
    const attempt = write(system, (opened) =>
      opened.deleteRows(T, { ...keyed, rows: rowsOf(['1']) }),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    await write(system, async (opened) => {
      await opened.deleteRows(T, { ...keyed, rows: rowsOf(['1']) })
      await opened.deleteRows('main.child' as EntityName, { ...keyed, rows: rowsOf(['1']) })
    })
    expect(await readTable(sqliteHarness, system, T)).toEqual([])
  })

  test('references that were broken before are none of our doing', async () => {
    await using system = await systemWith(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE t (id INTEGER PRIMARY KEY, parent INT REFERENCES parent);
      INSERT INTO t VALUES (1, 99)`)
    await write(system, (opened) => opened.insertRows(T, ['id'], rowsOf(['2'])))
    expect(await readTable(sqliteHarness, system, T)).toHaveLength(2)
    const attempt = write(system, (opened) =>
      opened.insertRows(T, ['id', 'parent'], rowsOf(['3', '98'])),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
  })

  test('a table that would replace or skip rows by itself fails instead', async () => {
    await using system =
      await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE,
      v TEXT UNIQUE ON CONFLICT IGNORE); INSERT INTO t VALUES (1, 'a'), (2, 'b')`)
    for (const row of [
      ['1', 'c'],
      ['3', 'a'],
    ]) {
      const attempt = write(system, (opened) => opened.insertRows(T, ['id', 'v'], rowsOf(row)))
      await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    }
    expect(await readTable(sqliteHarness, system, T)).toHaveLength(2)
  })

  test('a key finds its row exactly, whatever the collation holds equal', async () => {
    await using system = await systemWith(`CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, v);
      INSERT INTO t VALUES ('Ann', 1)`)
    const attempt = write(system, (opened) =>
      opened.deleteRows(T, { key: ['id'], fields: ['id'], rows: rowsOf(['ANN']) }),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'connector.target-changed' })
    await write(system, (opened) =>
      opened.updateRows(T, { key: ['id'], fields: ['id', 'v'], rows: rowsOf(['Ann', "'2'"]) }),
    )
    expect(query(system, 'SELECT typeof(v) AS type, v FROM t')).toEqual([{ type: 'text', v: '2' }])
  })

  test('rows are read under the types of the point, where they are given', async () => {
    await using source = await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO t VALUES (1, x'00'), (2, 'it''s')`)
    const { catalogue, rows } = await readSystem(sqliteHarness, source)
    const { schema } = evolveSchema(undefined, findEntity(catalogue, T))
    await using system = await systemWith('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)')
    {
      await using target = await openTarget(sqliteHarness, system.address)
      await using opened = await target.openWrite(never, undefined, [schema])
      await opened.insertRows(T, ['id', 'v'], rowsOf(...(rows.get(T) ?? [])))
      await opened.commit()
    }
    await using plain = await systemWith(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO t VALUES (2, 'it''s')`)
    await using reader = await openTarget(sqliteHarness, plain.address)
    await using cut = await reader.openCut(never)
    const described = findEntity(await cut.readCatalogue(() => true), T)
    expect(await readRows(cut, described)).toEqual([['2', "it's"]])
    expect(await readRows(cut, readAs(described, schema))).toEqual([['2', "'it''s'"]])
    const stored = 'SELECT id, typeof(v) AS type, hex(v) AS v FROM t'
    expect(query(system, stored)).toEqual(query(source, stored))
  })

  test.each(["'quoted'", "x'00'"])('%s is refused where its type is not given', async (text) => {
    await using system = await systemWith('CREATE TABLE t (v TEXT)')
    const attempt = write(system, (opened) => opened.insertRows(T, ['v'], rowsOf([text])))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.value-refused' })
  })

  test.each([
    ['INTEGER PRIMARY KEY', 'x'],
    ['INTEGER', '9223372036854775808'],
    ['BLOB', 'plain'],
  ])('a value that a column of type %s cannot hold is refused', async (type, value) => {
    await using system = await systemWith(`CREATE TABLE t (v ${type})`)
    const attempt = write(system, (opened) => opened.insertRows(T, ['v'], rowsOf([value])))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.value-refused' })
    await expect(attempt).rejects.not.toThrow(new RegExp(value))
  })

  test('a strict table refuses a value of another type', async () => {
    await using system = await systemWith('CREATE TABLE t (v INT) STRICT')
    const attempt = write(system, (opened) => opened.insertRows(T, ['v'], rowsOf(['x'])))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.value-refused' })
  })

  test.each([
    ['table', 'main.none', ['id']],
    ['field', 'main.t', ['id', 'none']],
  ])('a %s that is not there is a change of the target', async (_, entity, fields) => {
    await using system = await systemWith('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const attempt = write(system, (opened) =>
      opened.insertRows(entity as EntityName, fields, rowsOf(fields.map(() => '1'))),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'connector.target-changed' })
  })

  test('rows without key are found by their exact values, large ones too', async () => {
    await using system = await systemWith(`CREATE TABLE t (a, b TEXT COLLATE NOCASE);
      INSERT INTO t VALUES (1, 'x'), (1.0, 'x'), ('1', 'x'), (1, 'X'), (0.0, NULL), (-0.0, NULL),
        (zeroblob(2000000), 'large'), (zeroblob(2000000), 'LARGE'), (NULL, printf('%.*c', 1500000, 'é'))`)
    const { rows } = await readSystem(sqliteHarness, system)
    const all = rows.get(T) ?? []
    const gone = [0, 2, 5, 6, 8]
    const isGone = (index: number) => gone.includes(index)
    await write(system, async (opened) => {
      const fields = ['a', 'b']
      const small = rowsOf(...all.filter((_, i) => isGone(i) && i < 6))
      expect(await opened.deleteRows(T, { key: [], fields, rows: small })).toBe(3)
      for (const i of [6, 8]) {
        await opened.deleteRows(T, { key: [], fields, rows: largeRowOf(all[i] ?? []) })
      }
    })
    expect(await readTable(sqliteHarness, system, T)).toEqual(all.filter((_, i) => !isGone(i)))
  })

  test('a table with fields of all names of the rowid has no single rows to delete', async () => {
    await using system = await systemWith('CREATE TABLE t (rowid, OID, _rowid_)')
    const fields = ['rowid', 'OID', '_rowid_']
    const attempt = write(system, (opened) =>
      opened.deleteRows(T, { key: [], fields, rows: rowsOf([null, null, null]) }),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'connector.value-refused' })
  })
})

describe('an empty database', () => {
  const TORTURE = `PRAGMA application_id = 4711; PRAGMA user_version = 12;
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);
    INSERT INTO counted VALUES (41, 'x'), (1000, 'y'); DELETE FROM counted WHERE id = 1000;
    CREATE TABLE t (id TEXT PRIMARY KEY, i INTEGER, r REAL, n DECIMAL(20,4), b BLOB, x, d DATETIME,
      twice INT AS (i * 2) VIRTUAL, "double" default "quoted", CHECK (i <> 3)) WITHOUT ROWID;
    INSERT INTO t (id, i, r, n, b, x, d) VALUES
      ('min', -9223372036854775808, -1.7976931348623157e308, 0.1, x'', 1, '2026-01-01'),
      ('max', 9223372036854775807, 5e-324, 12345678901234567890, x'00ff', 1.0, 20260101),
      ('inf', 9007199254740993, 9e999, -9e999, NULL, 'it''s', 2460000.5),
      ('text', 'not a number', 'neither', 'n/a', 'text', x'27', NULL),
      ('nul' || char(0), NULL, 0.30000000000000004, 1e21, 1.5, NULL, ''),
      ('emoji 😀', 0, -0.0, 1, 2, -0.0, ' 1 ');
    CREATE TABLE s (a INT, b ANY, c TEXT) STRICT; INSERT INTO s VALUES (1, '1', '1'), (NULL, 1, NULL);
    CREATE TABLE orphan (id INTEGER PRIMARY KEY, parent INT REFERENCES nobody (id));
    INSERT INTO orphan VALUES (1, 7);
    CREATE TABLE odd (a TEXT, b INT); INSERT INTO odd VALUES (x'c3', x'ff'), ('x', 1), (x'', 2);
    CREATE INDEX "by n" ON t (n DESC) WHERE n > 0; CREATE INDEX lowered ON t (lower(id));
    CREATE TABLE same (a); INSERT INTO same VALUES (1), (1), ('1'), (1.0), (NULL), (NULL)`

  test('gets every value, class and definition as they were', async () => {
    await using from = await systemWith(TORTURE)
    await using to = await freshSqlite()
    await copySystem(sqliteHarness, from, to)
    const questions = [
      'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name',
      'SELECT * FROM sqlite_sequence',
      'SELECT application_id, user_version FROM pragma_application_id, pragma_user_version',
      ...['i', 'r', 'n', 'b', 'x', 'd', 'twice', '"double"'].map(
        (name) => `SELECT id, typeof(${name}) AS type, quote(${name}) AS value FROM t ORDER BY id`,
      ),
      'SELECT typeof(a) AS ta, quote(a) AS a, typeof(b) AS tb, quote(b) AS b FROM odd ORDER BY rowid',
      'SELECT quote(a) AS a, quote(b) AS b, quote(c) AS c FROM s ORDER BY rowid',
      'SELECT quote(a) AS a, count(*) AS n FROM same GROUP BY quote(a) ORDER BY 1',
      'SELECT * FROM orphan',
    ]
    for (const sql of questions) expect(query(to, sql)).toEqual(query(from, sql))
    expect(query(to, 'SELECT seq FROM sqlite_sequence')).toEqual([{ seq: 1000 }])
    expect(query(to, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  })

  test('is told which references were broken already', async () => {
    await using from = await systemWith(TORTURE)
    await using to = await freshSqlite()
    const { catalogue } = await readSystem(sqliteHarness, from)
    const { schema } = evolveSchema(undefined, findEntity(catalogue, 'main.orphan'))
    const plan = { schemas: [schema], definition: catalogue.definition, sequences: {} }
    await write(to, async (opened) => {
      await opened.createTables(plan)
      await opened.insertRows(schema.entity, ['id', 'parent'], rowsOf(['1', '7']))
      expect(await opened.finishTables(plan)).toEqual([
        {
          kind: 'foreign key',
          name: 'main.orphan',
          reason: '1 of its rows refers to a record that is not there',
        },
      ])
    })
  })

  test('leaves out an index whose function it does not know, and names it', async () => {
    await using to = await freshSqlite()
    await using from = await systemWith('CREATE TABLE t (a)')
    const { catalogue } = await readSystem(sqliteHarness, from)
    const { schema } = evolveSchema(undefined, findEntity(catalogue, T))
    const definition = { sql: 'CREATE TABLE t (a)', indexes: ['CREATE INDEX i ON t (ours(a))'] }
    const plan = { schemas: [{ ...schema, definition }], definition: null, sequences: {} }
    await write(to, async (opened) => {
      await opened.createTables(plan)
      expect(await opened.finishTables(plan)).toEqual([
        {
          kind: 'index',
          name: 'main.t: CREATE INDEX i ON t (ours(a))',
          reason: 'no such function: ours',
        },
      ])
    })
  })

  test('refuses a table that it cannot create', async () => {
    await using to = await freshSqlite()
    await using from = await systemWith('CREATE TABLE t (a)')
    const { catalogue } = await readSystem(sqliteHarness, from)
    const { schema } = evolveSchema(undefined, findEntity(catalogue, T))
    for (const definition of [{ sql: 'CREATE TABLE t (a CHECK (ours(a)))', indexes: [] }, null]) {
      const plan = { schemas: [{ ...schema, definition }], definition: null, sequences: {} }
      const attempt = write(to, (opened) => opened.createTables(plan))
      await expect(attempt).rejects.toMatchObject({ code: 'connector.create-refused' })
    }
  })
})

/** A restore in a process of its own; `beforeLast` is run when nearly all rows are written. */
function writeInProcess({ path }: SqliteSystem, limits: string, beforeLast: string) {
  const script = `const { SqliteWrite } = await import('./sqlite-write.ts')
    const { openWriter } = await import('./open-database.ts')
    const db = openWriter(${JSON.stringify(path)})
    db.exec('PRAGMA cache_size = 2; BEGIN IMMEDIATE')
    await using write = new SqliteWrite(db, { schemas: [], signal: new AbortController().signal })
    const row = (id) => ({ kind: 'rows', bytes: Buffer.from(id + '\\t' + 'x'.repeat(1000) + '\\n') })
    async function* rows() {
      for (let id = 2; id < 2000; id++) yield row(id)
      ${beforeLast}
      yield row(2000)
    }
    try {
      await write.updateRows('main.t', { key: ['id'], fields: ['id', 'v'], rows: [row(1)] })
      await write.insertRows('main.t', ['id', 'v'], rows())
      await write.commit()
    } catch (error) {
      console.log(error.code)
    }`
  return spawnSync(
    'sh',
    ['-c', `${limits} exec "$@"`, 'sh', process.execPath, '--input-type=module', '-e', script],
    {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    },
  )
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0

describe('a write that cannot end', () => {
  test.for([
    {
      when: 'its process is killed',
      limits: '',
      beforeLast: 'process.kill(process.pid, "SIGKILL")',
      hasJournal: true,
      ends: { signal: 'SIGKILL', stdout: '' },
    },
    {
      when: 'the disk has no more room',
      limits: 'ulimit -f 500;',
      beforeLast: '',
      hasJournal: false,
      ends: { signal: null, stdout: 'connector.write-failed\n' },
    },
    {
      when: 'the disk takes no byte more, not even to undo what was written',
      limits: '',
      beforeLast: `const { execFileSync } = await import('node:child_process')
        execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=4096:4096'])`,
      hasJournal: true,
      ends: { signal: null, stdout: 'connector.write-failed\n' },
    },
  ])(
    'leaves the old state when $when',
    async ({ limits, beforeLast, ends, hasJournal }, { skip }) => {
      if (beforeLast.includes('prlimit') && !hasPrlimit) skip('needs prlimit of util-linux')
      await using system = await freshSqlite('delete')
      run(
        system.path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'old')",
      )
      const before = await readSystem(sqliteHarness, system)
      const ended = writeInProcess(system, limits, beforeLast)
      expect(ended).toMatchObject({ ...ends, stderr: '' })
      expect(existsSync(`${system.path}-journal`)).toBe(hasJournal)
      expect(await readSystem(sqliteHarness, system)).toEqual(before)
    },
  )
})
