import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { Secret } from '#stdx/secret'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { startMariadb } from '#test/servers/start-mariadb'
import type { CreatePlan, TargetWrite } from '../connector.ts'
import {
  findEntity,
  optionsFor,
  readSystem,
  readTable,
  rowsOf,
} from '../testing/contract-system.ts'
import { mariadbHarness } from '../testing/mariadb-system.ts'
import { parseAddress } from './address.ts'
import { connect } from './connect.ts'
import { mysqlConnector } from './mysql-connector.ts'

const never = new AbortController().signal
const named = (table: string) => table as EntityName

describeMariadb('MariaDB as a target', () => {
  const open = (url: string) => mysqlConnector.openTarget(optionsFor(new Secret(url)))

  async function write(
    url: string,
    steps: (write: TargetWrite) => Promise<unknown>,
  ): Promise<void> {
    await using target = await open(url)
    await using opened = await target.openWrite(never)
    await steps(opened)
    await opened.commit()
  }

  const read = ({ url }: FreshMariadb, table: string) =>
    readTable(mariadbHarness, { address: new Secret(url) }, table)

  /** What it takes to make the tables of a database again. */
  async function planOf({ url }: FreshMariadb): Promise<CreatePlan> {
    const { catalogue } = await readSystem(mariadbHarness, { address: new Secret(url) })
    const { definition, sequences } = catalogue
    const schemas = catalogue.entities.map((entity) => evolveSchema(undefined, entity).schema)
    return { schemas, definition, sequences }
  }

  const tablesOf = async (database: FreshMariadb) =>
    (await database.query('SHOW TABLES')).flatMap((row) => Object.values(row))

  test('a sequence that a default takes numbers from is moved by who may, past rows and never back', async () => {
    await using database = await freshMariadb()
    const { name } = database
    await database.query(`CREATE SEQUENCE "a""b"; CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXTVAL("a""b"), v INT);
      CREATE USER 'w_${name}'@'%' IDENTIFIED BY 'w'; GRANT SELECT, INSERT ON ${name}.t TO 'w_${name}'@'%';
      GRANT SELECT, TRIGGER ON ${name}.* TO 'w_${name}'@'%'`)
    const counterOf = async (url: string) => {
      await using target = await open(url)
      await using cut = await target.openCut(never)
      const described = findEntity(await cut.readCatalogue(() => true), 't')
      const [counter] = (await cut.readCounters?.(described)) ?? []
      if (counter === undefined) throw new Error('There is a counter.')
      return counter
    }
    const writer = new URL(database.url)
    writer.username = `w_${name}`
    writer.password = 'w'
    const denied = await counterOf(writer.href)
    const sequence = `\`${name}\`.\`a"b\``
    expect(denied.moving?.missingGrant).toBe(`GRANT SELECT, INSERT ON ${sequence}`)
    await write(writer.href, async (opened) => {
      await opened.insertRows(named('t'), ['id', 'v'], rowsOf(['70', '1']))
      expect(await opened.moveCounter?.(denied, 70n)).toContain('INSERT command denied')
    })
    expect(denied.moving?.sql(70n)).toBe(`SELECT SETVAL(${sequence}, 70);`)

    await database.query(`GRANT INSERT ON ${sequence} TO 'w_${name}'@'%'`)
    const counter = await counterOf(writer.href)
    expect(counter).toMatchObject({ field: 'id', name: sequence, moving: { missingGrant: null } })
    await write(writer.href, async (opened) => {
      for (const to of [70n, 5n]) expect(await opened.moveCounter?.(counter, to)).toBeNull()
    })
    await database.query(`INSERT INTO t (v) VALUES (2); DROP USER 'w_${name}'@'%'`)
    expect(await read(database, 't')).toEqual([
      ['70', '1'],
      ['71', '2'],
    ])
  })

  test('a table whose trigger would fire is not written, others are', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, v INT); INSERT INTO a VALUES (1, 1), (2, 2);
      CREATE TRIGGER spoil BEFORE UPDATE ON a FOR EACH ROW SET NEW.v = 0`)
    const rows = () => rowsOf(['1', '5'])
    const keyed = () => ({ key: ['id'], fields: ['id', 'v'], rows: rows() })
    await expect(
      write(database.url, (opened) => opened.updateRows(named('a'), keyed())),
    ).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining('its trigger "spoil" would fire'),
    })
    await write(database.url, async (opened) => {
      await opened.deleteRows(named('a'), keyed())
      await opened.insertRows(named('a'), ['id', 'v'], rows())
    })
    expect(await read(database, 'a')).toEqual([
      ['1', '5'],
      ['2', '2'],
    ])
  })

  test('a user who is not told of triggers may not write', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY)')
    const user = `w_${database.name.slice(2)}`
    await database.query(`CREATE USER ${user} IDENTIFIED BY 'w';
      GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES ON ${database.name}.* TO ${user}`)
    const url = new URL(database.url)
    url.username = user
    url.password = 'w'
    const attempt = () =>
      write(url.href, (opened) => opened.insertRows(named('a'), ['id'], rowsOf(['1'])))
    await expect(attempt()).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining('GRANT TRIGGER ON'),
    })
    await database.query(`GRANT TRIGGER ON ${database.name}.* TO ${user}`)
    await attempt()
    expect(await read(database, 'a')).toEqual([['1']])
  })

  test('a field that is set to the time of a change keeps its value', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, v INT,
      at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP);
      INSERT INTO a VALUES (1, 1, '2020-01-01')`)
    const rows = rowsOf(['1', '2'])
    await write(database.url, (opened) =>
      opened.updateRows(named('a'), { key: ['id'], fields: ['id', 'v'], rows }),
    )
    expect(await read(database, 'a')).toEqual([['1', '2', '2020-01-01 00:00:00']])
  })

  test('keys that a collation takes for equal find their own row', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT);
      INSERT INTO a VALUES ('a', 1), ('é', 2)`)
    const update = (id: string) =>
      write(database.url, (opened) => {
        const rows = rowsOf([id, '9'])
        return opened.updateRows(named('a'), { key: ['id'], fields: ['id', 'v'], rows })
      })
    await expect(update('A')).rejects.toMatchObject({ code: 'connector.target-changed' })
    await expect(update('e')).rejects.toMatchObject({ code: 'connector.target-changed' })
    await update('a')
    expect(new Map((await read(database, 'a')) as [string, string][]).get('a')).toBe('9')
  })

  test('a delete takes nothing along, in other databases neither', async () => {
    await using database = await freshMariadb()
    await using other = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1), (2)')
    await other.query(`CREATE TABLE b (id INT PRIMARY KEY, a INT,
      FOREIGN KEY (a) REFERENCES ${database.name}.a (id) ON DELETE CASCADE); INSERT INTO b VALUES (1, 2)`)
    const remove = (id: string) =>
      write(database.url, (opened) =>
        opened.deleteRows(named('a'), { key: ['id'], fields: ['id'], rows: rowsOf([id]) }),
      )
    await expect(remove('2')).rejects.toMatchObject({
      code: 'connector.constraint-violated',
      details: { constraint: 'b_ibfk_1' },
    })
    await remove('1')
    expect(await other.query('SELECT * FROM b')).toHaveLength(1)
  })

  test('a value that is referred to by another field than the key is not taken away', async () => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, code INT UNIQUE);
      CREATE TABLE b (id INT PRIMARY KEY, code INT REFERENCES a (code) ON UPDATE CASCADE);
      INSERT INTO a VALUES (1, 10), (2, 20); INSERT INTO b VALUES (1, 10)`)
    const update = (id: string, code: string) =>
      write(database.url, (opened) => {
        const keyed = { key: ['id'], fields: ['id', 'code'], rows: rowsOf([id, code]) }
        return opened.updateRows(named('a'), keyed)
      })
    await expect(update('1', '11')).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    await update('2', '21')
    expect(await read(database, 'b')).toEqual([['1', '10']])
  })

  test.each([
    ['a number that is too great', 'n', '1000', 'connector.value-refused'],
    ['a digit too many', 'd', '1.234', 'connector.value-refused'],
    ['text that is too long', 't', 'four', 'connector.value-refused'],
    ['text that the character set lacks', 'l', 'я', 'connector.value-refused'],
    ['no member of the enumeration', 'e', 'z', 'connector.value-refused'],
    ['no date', 'a', 'today', 'connector.value-refused'],
    ['no document', 'j', '{', 'connector.constraint-violated'],
  ])('%s is refused, never changed', async (_, field, value, code) => {
    await using database = await freshMariadb()
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY, n TINYINT, d DECIMAL(5,2), t VARCHAR(3),
      l VARCHAR(3) CHARACTER SET latin1, e ENUM('x'), a DATE, j JSON)`)
    const attempt = write(database.url, (opened) =>
      opened.insertRows(named('a'), ['id', field], rowsOf(['1', value])),
    )
    await expect(attempt).rejects.toMatchObject({ code })
    await expect(attempt).rejects.not.toThrow(value)
    expect(await read(database, 'a')).toEqual([])
  })

  test('tables that a killed restore left behind are not shown, and go with the next one', async () => {
    await using from = await freshMariadb()
    await using to = await freshMariadb()
    await from.query(`CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY,
      a INT REFERENCES a (id)); INSERT INTO a VALUES (1)`)
    const plan = await planOf(from)
    const [schema] = plan.schemas
    const onlyA = { ...plan, schemas: schema === undefined ? [] : [schema] }
    {
      await using target = await open(to.url)
      await using opened = await target.openWrite(never)
      await opened.createTables(onlyA)
      await opened.insertRows(named('a'), ['id'], rowsOf(['1']))
      expect(await tablesOf(to)).toHaveLength(1)
      const { catalogue } = await readSystem(mariadbHarness, { address: new Secret(to.url) })
      expect(catalogue.entities).toEqual([])
      // Tables of a restore that still goes on are not anybody's to drop.
      await using second = await target.openWrite(never)
      await second.createTables(onlyA)
      expect(await tablesOf(to)).toHaveLength(2)
      await second[Symbol.asyncDispose]()
      expect(await tablesOf(to)).toHaveLength(1)
    }
    expect(await tablesOf(to)).toEqual([])
    await to.query('CREATE TABLE _holdfast_0123456789ab_1 (id INT PRIMARY KEY)')
    await write(to.url, async (opened) => {
      await opened.createTables(plan)
      // Names of foreign keys are of the database: two restores cannot make them at once.
      await using target = await open(to.url)
      await using second = await target.openWrite(never)
      await expect(second.createTables(plan)).rejects.toMatchObject({ code: 'connector.busy' })
      await opened.finishTables(plan)
    })
    expect((await tablesOf(to)).sort()).toEqual(['a', 'b'])
    await expect(to.query('INSERT INTO b VALUES (1, 7)')).rejects.toThrow('foreign key constraint')
  })

  test('new tables and changed rows may refer to each other', async () => {
    await using from = await freshMariadb()
    await using to = await freshMariadb()
    await from.query(`CREATE TABLE parent (id INT PRIMARY KEY);
      CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))`)
    const plan = await planOf(from)
    const onlyChild = { ...plan, schemas: plan.schemas.filter(({ entity }) => entity === 'child') }
    await to.query('CREATE TABLE parent (id INT PRIMARY KEY); INSERT INTO parent VALUES (1)')
    const fill = (parent: string) => async (opened: TargetWrite) => {
      await opened.createTables(onlyChild)
      await opened.insertRows(named('parent'), ['id'], rowsOf(['2']))
      await opened.insertRows(named('child'), ['id', 'parent'], rowsOf(['1', '1'], ['2', parent]))
      await opened.finishTables(onlyChild)
    }
    await expect(write(to.url, fill('3'))).rejects.toMatchObject({
      code: 'connector.constraint-violated',
    })
    expect(await tablesOf(to)).toEqual(['parent'])
    expect(await read(to, 'parent')).toEqual([['1']])
    await write(to.url, fill('2'))
    expect(await read(to, 'child')).toEqual([
      ['1', '1'],
      ['2', '2'],
    ])
  })

  test('a table that somebody makes meanwhile keeps its name', async () => {
    await using from = await freshMariadb()
    await using to = await freshMariadb()
    await from.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY)')
    const plan = await planOf(from)
    const attempt = write(to.url, async (opened) => {
      await opened.createTables(plan)
      await opened.insertRows(named('a'), ['id'], rowsOf(['1']))
      await opened.finishTables(plan)
      await to.query('CREATE TABLE b (id INT PRIMARY KEY); INSERT INTO b VALUES (7)')
    })
    await expect(attempt).rejects.toMatchObject({
      code: 'connector.target-changed',
      message: expect.stringContaining('a table is there already'),
    })
    expect(await tablesOf(to)).toEqual(['b'])
    expect(await read(to, 'b')).toEqual([['7']])
  })

  test('a table of the most columns there may be is written', async () => {
    await using database = await freshMariadb()
    const fields = Array.from({ length: 1017 }, (_, i) => `f${i}`)
    await database.query(`CREATE TABLE a (${fields.map((field) => `${field} TINYINT`).join(', ')},
      PRIMARY KEY (f0)); INSERT INTO a (f0) VALUES (1)`)
    const row = fields.map((_, i) => (i === 0 ? '1' : String(i % 100)))
    await write(database.url, (opened) =>
      opened.updateRows(named('a'), { key: ['f0'], fields, rows: rowsOf(row) }),
    )
    expect(await read(database, 'a')).toEqual([row])
  })

  test('a connection that is lost while writing leaves no trace', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1)')
    const attempt = write(database.url, async (opened) => {
      await opened.insertRows(named('a'), ['id'], rowsOf(['2']))
      const others = await database.query(`SELECT id FROM information_schema.processlist
        WHERE db = '${database.name}' AND id <> CONNECTION_ID()`)
      for (const { id } of others) await database.query(`KILL ${id}`)
    })
    await expect(attempt).rejects.toMatchObject({ code: 'connector.unreachable' })
    expect(await read(database, 'a')).toEqual([['1']])
  })

  test('a server that asks for a file gets none', async () => {
    await using database = await freshMariadb()
    await database.query('CREATE TABLE a (line TEXT)')
    await using session = await connect(parseAddress(database.url), never)
    const asked = `LOAD DATA LOCAL INFILE '${import.meta.filename}' INTO TABLE a`
    await expect(session.query(asked, never)).rejects.toThrow('server wants to read')
    // Where it may send rows it sends these, whatever is asked for.
    async function* rows() {
      yield Buffer.from('one\n')
    }
    await session.load(asked, rows(), never)
    expect(await session.query('SELECT * FROM a', never)).toEqual([['one']])
  })

  test('a lock that somebody holds is named', async () => {
    await using database = await freshMariadb()
    await using other = await freshMariadb()
    await database.query('CREATE TABLE a (id INT PRIMARY KEY, v INT); INSERT INTO a VALUES (1, 1)')
    await other.query(`USE ${database.name}; BEGIN; UPDATE a SET v = 2`)
    await database.query('SET GLOBAL innodb_lock_wait_timeout = 50')
    await using target = await open(database.url)
    await using opened = await target.openWrite(AbortSignal.timeout(3000))
    const keyed = { key: ['id'], fields: ['id', 'v'], rows: rowsOf(['1', '3']) }
    await expect(opened.updateRows(named('a'), keyed)).rejects.toThrow('timeout')
    await opened[Symbol.asyncDispose]()
    await other.query('ROLLBACK')
    expect(await read(database, 'a')).toEqual([['1', '1']])
  })

  test('a server that is read only, takes no rows from clients or runs events is told apart', async () => {
    await using server = await startMariadb({ options: { 'skip-log-bin': '' } })
    await using database = await freshMariadb(server.url)
    await database.query('SET GLOBAL local_infile = 0')
    await expect(open(database.url)).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining('SET GLOBAL local_infile = 1'),
    })
    await database.query('SET GLOBAL local_infile = 1; SET GLOBAL read_only = 1')
    await expect(open(database.url)).rejects.toMatchObject({ code: 'connector.read-only' })
    await database.query('SET GLOBAL read_only = 0')
    // Events are among what runs by itself, while the server runs any.
    await database.query(`CREATE TABLE a (id INT PRIMARY KEY);
      CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM a;
      CREATE EVENT never ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM a;
      CREATE USER plain IDENTIFIED BY 'p';
      GRANT SELECT, INSERT, SHOW VIEW, TRIGGER ON ${database.name}.* TO plain`)
    const plain = new URL(database.url)
    plain.username = 'plain'
    plain.password = 'p'
    const list = async (url: string) => {
      await using target = await open(url)
      return await target.listSideEffects([{ entity: named('a'), ops: ['insert'] }], never)
    }
    expect(await list(database.url)).toEqual([])
    await database.query('SET GLOBAL event_scheduler = ON')
    const event = { kind: 'event', entity: null, state: 'runs' }
    expect(await list(database.url)).toEqual([{ ...event, name: 'nightly' }])
    expect(await list(plain.href)).toEqual([{ ...event, name: '*' }])
  })

  test('a cut of a quiet server has as many connections as it may, with or without a log', async () => {
    await using server = await startMariadb({ options: { 'skip-log-bin': '' } })
    await using database = await freshMariadb(server.url)
    await database.query('CREATE TABLE a (id INT PRIMARY KEY)')
    const readers = async () => {
      const rows = await database.query(`SELECT id FROM information_schema.processlist
        WHERE db = '${database.name}' AND id <> CONNECTION_ID()`)
      return rows.length
    }
    await using target = await mysqlConnector.openTarget(
      optionsFor(new Secret(database.url), { connectionsMax: 3 }),
    )
    {
      await using cut = await target.openCut(never)
      expect(await readers()).toBe(3)
      // Without a binary log there is no position but the time.
      expect(cut.cut.position).toBe(cut.cut.time)
      expect(findEntity(await cut.readCatalogue(() => true), 'a').scanOrder).toBe('key')
    }
    await expect.poll(readers).toBe(0)
  })
})
