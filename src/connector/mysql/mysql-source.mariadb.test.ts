import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { Secret } from '#stdx/secret'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import type { Source, SourceCut } from '../connector.ts'
import { findEntity, optionsFor, readRows } from '../testing/contract-system.ts'
import { mysqlConnector } from './mysql-connector.ts'

const never = new AbortController().signal

const MANY = `CREATE TABLE many (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO many SELECT seq, REPEAT(MD5(seq), 10) FROM seq_1_to_40000`

describeMariadb('MariaDB as a source', () => {
  const open = (url: string, connectionsMax = 2): Promise<Source> =>
    mysqlConnector.openSource(optionsFor(new Secret(url), { connectionsMax }))

  async function readCatalogue(url: string) {
    await using source = await open(url)
    await using cut = await source.openCut(never)
    return await cut.readCatalogue(() => true)
  }

  /** Another user of the database. */
  async function userWith(database: FreshMariadb, ...grants: readonly string[]): Promise<string> {
    const user = `u_${database.name.slice(2)}`
    await database.query(`CREATE OR REPLACE USER ${user} IDENTIFIED BY 'reads'`)
    for (const grant of grants) await database.query(`GRANT ${grant} TO ${user}`)
    const url = new URL(database.url)
    url.username = user
    url.password = 'reads'
    return url.href
  }

  test('a user who is not told of every table is refused, with the statement that helps', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY)')
    const url = await userWith(database, `SELECT ON ${database.name}.a`)
    await expect(readCatalogue(url)).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining(`GRANT SELECT, SHOW VIEW ON \`${database.name}\`.* TO 'u_`),
    })
  })

  test('a right by a pattern, and on some columns only, are taken for what they are', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY, secret INT, hidden INT INVISIBLE)')
    const pattern = `\`${database.name.replace('_', '\\_').slice(0, -3)}%\`.*`
    const whole = await readCatalogue(await userWith(database, `SELECT ON ${pattern}`))
    expect(findEntity(whole, 'a').missingGrant).toBeNull()
    const some = [`SHOW VIEW ON ${pattern}`, `SELECT (id, hidden) ON ${database.name}.a`]
    const partly = await readCatalogue(await userWith(database, ...some))
    expect(findEntity(partly, 'a').missingGrant).toMatch(/^GRANT SELECT ON `t_\w+`\.`a` TO 'u_/)
    const unseen = [`SHOW VIEW ON ${pattern}`, `SELECT (id, secret) ON ${database.name}.a`]
    const invisible = await readCatalogue(await userWith(database, ...unseen))
    expect(findEntity(invisible, 'a').missingGrant).toContain('GRANT SELECT')
  })

  test('a table whose engine knows no snapshot is not readable, and says how it would be', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY) ENGINE=MyISAM')
    expect(findEntity(await readCatalogue(database.url), 'a').missingGrant).toBe(
      'ALTER TABLE `a` ENGINE=InnoDB;',
    )
  })

  test('what is not restored is named', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
      CREATE SEQUENCE numbers; CREATE VIEW v AS SELECT 1 AS one;
      CREATE TRIGGER fires BEFORE INSERT ON a FOR EACH ROW SET NEW.id = NEW.id + 0;
      CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
      CREATE EVENT later ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1`)
    const { entities, notRestored } = await readCatalogue(database.url)
    expect(entities.map(({ entity }) => entity)).toEqual(['a'])
    expect(notRestored).toEqual([
      { kind: 'sequence', name: 'numbers' },
      { kind: 'view', name: 'v' },
      { kind: 'history of a table', name: 'a' },
      { kind: 'event', name: 'later' },
      { kind: 'function', name: 'f' },
      { kind: 'trigger', name: 'fires on a' },
    ])
  })

  test('a cut stands at a position of the binary log, and counts rows about', async () => {
    await using database = await freshMariadb()
    await database.query(`${MANY}; ANALYZE TABLE many`)
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    expect(cut.cut.position).toMatch(/^(\d-1-\d+,?)+ \(binlog\.\d+:\d+\)$/)
    const counted = await cut.estimateRows?.((entity) => entity === 'many')
    expect(counted).toBeGreaterThan(20_000)
    expect(await cut.estimateRows?.(() => false)).toBeNull()
  })

  test('writes that no log tells are no reason to see two moments', async () => {
    await using database = await freshMariadb()
    await database.query('SET SESSION sql_log_bin = 0; CREATE TABLE a (id INT PRIMARY KEY)')
    const stop = new AbortController()
    const writing = (async () => {
      for (let n = 1; !stop.signal.aborted; n++) await database.query(`INSERT INTO a VALUES (${n})`)
    })()
    await using source = await open(database.url, 3)
    for (let round = 1; round <= 8; round++) {
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), 'a')
      const scans = Array.from({ length: 6 }, () => readRows(cut, entity))
      const counts = (await Promise.all(scans)).map(({ length }) => length)
      expect(new Set(counts).size).toBe(1)
    }
    stop.abort()
    await writing
  })

  test('all connections of a cut see one moment while others write', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY)')
    const stop = new AbortController()
    const writing = (async () => {
      for (let n = 1; !stop.signal.aborted; n++) {
        await database.query(
          `BEGIN; INSERT INTO a VALUES (${n}); INSERT INTO b VALUES (${n}); COMMIT`,
        )
      }
    })()
    await using source = await open(database.url, 3)
    for (let round = 1; round <= 8; round++) {
      await using cut = await source.openCut(never)
      const catalogue = await cut.readCatalogue(() => true)
      const names = ['a', 'b', 'a', 'b']
      const counts = await Promise.all(
        names.map(async (name) => (await readRows(cut, findEntity(catalogue, name))).length),
      )
      expect(new Set(counts).size).toBe(1)
    }
    stop.abort()
    await writing
  })

  test('a table that was read can be altered while the cut is open', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1)')
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'a')
    expect(await readRows(cut, entity)).toEqual([['1']])
    await database.query('ALTER TABLE a ADD b INT, ALGORITHM=COPY')
    await expect(readRows(cut, entity)).rejects.toMatchObject({
      code: 'connector.scan-failed',
      message: expect.stringContaining('altered since the cut'),
    })
  })

  test.each(['TRUNCATE a', 'ALTER TABLE a FORCE', 'DROP TABLE a', 'ALTER TABLE a DROP v'])(
    '%s after the cut fails the scan and never looks like deleted rows',
    async (change) => {
      await using database = await freshMariadb()
      await database.query(
        'CREATE TABLE a (id INT PRIMARY KEY, v INT); INSERT INTO a VALUES (1, 1)',
      )
      await using source = await open(database.url)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), 'a')
      await database.query(change)
      await expect(readRows(cut, entity)).rejects.toMatchObject({ code: 'connector.scan-failed' })
    },
  )

  async function killOthers(database: FreshMariadb): Promise<void> {
    const others = await database.query(`SELECT id FROM information_schema.processlist
      WHERE db = '${database.name}' AND id <> CONNECTION_ID()`)
    expect(others.length).toBeGreaterThan(0)
    for (const { id } of others) await database.query(`KILL ${id}`)
  }

  test('a connection that is lost during a scan fails it', async () => {
    await using database = await freshMariadb()
    // More than all that lies between the server and us may hold.
    await database.query(MANY.replace('40000', '160000'))
    await using source = await open(database.url, 1)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'many')
    const scan = async () => {
      let rows = 0
      for await (const _ of cut.scan(entity, ['id', 'name'], never)) {
        if (rows++ === 0) await killOthers(database)
      }
    }
    await expect(scan()).rejects.toMatchObject({
      code: 'connector.scan-failed',
      message: 'Cannot scan "many": the connection was lost',
    })
    // The moment is gone with the only connection that saw it.
    await expect(readRows(cut, entity)).rejects.toMatchObject({ code: 'connector.scan-failed' })
  })

  test('an abort ends the statement on the server', async () => {
    await using database = await freshMariadb()
    await database.query(`${MANY}; CREATE TABLE slow (id INT PRIMARY KEY,
      v INT AS (id) VIRTUAL); INSERT INTO slow (id) VALUES (1)`)
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'many')
    const stop = new AbortController()
    const scan = cut.scan(entity, ['id', 'name'], stop.signal)[Symbol.asyncIterator]()
    await scan.next()
    stop.abort(new Error('stopped'))
    await expect(scan.next()).rejects.toThrow('stopped')
    await expect.poll(() => running(database), { timeout: 20_000 }).toEqual([])
  })

  async function running(database: FreshMariadb): Promise<unknown[]> {
    return await database.query(`SELECT info FROM information_schema.processlist
      WHERE db = '${database.name}' AND info LIKE 'SELECT%many%' AND id <> CONNECTION_ID()`)
  }

  test('text that Unicode does not hold is refused, naming the field', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET sjis);
      INSERT INTO a VALUES (1, _sjis x'93fa'), (2, _sjis x'f040')`)
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'a')
    await expect(readRows(cut, entity)).rejects.toMatchObject({
      code: 'connector.value-refused',
      details: { entity: 'a', field: 'v' },
    })
    expect(await readRows(cut, entity, ['id'])).toEqual([['1'], ['2']])
  })

  test('fields are printed as the types of another point', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, n DECIMAL(10,2), t DATETIME(6), f FLOAT);
      INSERT INTO a VALUES (1, 1.5, '2026-01-01 12:00:00', 1.1), (2, 1.55, '2026-01-01 12:00:00.5', 2)`)
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'a')
    const types: Readonly<Record<string, string>> = {
      n: 'decimal(5,1)',
      t: 'datetime',
      f: 'float(9,3)',
    }
    const wanted = {
      ...entity,
      fields: entity.fields.map((field) => ({ ...field, type: types[field.name] ?? field.type })),
    }
    expect(await readRows(cut, wanted)).toEqual([
      ['1', '1.5', '2026-01-01 12:00:00', '1.1'],
      // What the other type would round is printed as it is.
      ['2', '1.55', '2026-01-01 12:00:00.500000', '2'],
    ])
  })

  test('a password that is wrong, a database that is missing and an old name are told apart', async () => {
    await using database = await freshMariadb()
    const wrong = new URL(database.url)
    wrong.password = 'wrong'
    await expect(open(wrong.href)).rejects.toMatchObject({ code: 'connector.denied' })
    await expect(open(wrong.href)).rejects.not.toThrow('wrong')
    const gone = `${database.url}_gone`
    await expect(open(gone)).rejects.toMatchObject({ code: 'connector.unreachable' })
    const mysql = database.url.replace(/^mariadb:/, 'mysql:')
    await using source = await open(mysql)
    expect(source.identity.database).toBe(database.name)
  })

  test('more scans than connections wait for their turn', async () => {
    await using database = await freshMariadb()
    await database.query(MANY)
    await using source = await open(database.url, 2)
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'many')
    const scans = Array.from({ length: 5 }, () => countRows(cut, entity.entity))
    expect(await Promise.all(scans)).toEqual([40_000, 40_000, 40_000, 40_000, 40_000])
  })

  async function countRows(cut: SourceCut, name: EntityName): Promise<number> {
    const entity = findEntity(await cut.readCatalogue(() => true), name)
    return (await readRows(cut, entity, ['id'])).length
  }
})
