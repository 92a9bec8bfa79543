import { describe, expect, test } from 'vitest'
import { evolveSchema } from '#record/evolve-schema'
import type { TargetWrite } from '../connector.ts'
import {
  type ConnectorHarness,
  type ContractSystem,
  copySystem,
  entityIn,
  findEntity,
  type Lacking,
  largeRowOf,
  openTarget,
  readRows,
  readSystem,
  readTable,
  rowsOf,
  type SystemContents,
} from './contract-system.ts'

const never = new AbortController().signal

const CUSTOMERS = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
  INSERT INTO customer VALUES (1, 'Ann', 'Bonn'), (2, 'Bob', NULL), (3, 'Cyd', '');`

export function testWriting(label: string, harness: ConnectorHarness): void {
  const named = (table: string) => entityIn(harness, table)
  const having = (what: Lacking) => test.skipIf(harness.lacks?.includes(what) ?? false)
  const { key: keyText, long: longText } = harness.text ?? { key: 'TEXT', long: 'TEXT' }
  const customer = named('customer')

  /** Writes to a system and commits, as the last step of a restore does. */
  async function write(
    { address }: ContractSystem,
    steps: (write: TargetWrite) => Promise<unknown>,
  ): Promise<void> {
    await using target = await openTarget(harness, address)
    await using opened = await target.openWrite(never)
    await steps(opened)
    await opened.commit()
  }

  describe(`${label}: writing contract`, () => {
    test('a system copied into an empty one is described and read the same', async () => {
      await using from = await harness.freshSystem()
      await using to = await harness.freshSystem()
      await from.exec(wholeSystemSql(harness))
      await copySystem(harness, from, to)
      const copy = await readSystem(harness, to)
      const original = await readSystem(harness, from)
      expect(comparable(copy)).toEqual(comparable(original))
      expect(original.rows.get(named('document'))).toHaveLength(3)
    })

    having('definitions')(
      'insertRows() adds rows, gives other fields their defaults, and counts',
      async () => {
        await using system = await harness.freshSystem()
        await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, d TEXT DEFAULT 'none');`)
        await write(system, async (opened) => {
          const rows = rowsOf(['x', '1'], [null, '2'], ['\\N\t\n', '3'])
          expect(await opened.insertRows(named('t'), ['v', 'id'], rows)).toBe(3)
        })
        expect(await readTable(harness, system, named('t'))).toEqual([
          ['1', 'x', 'none'],
          ['2', null, 'none'],
          ['3', '\\N\t\n', 'none'],
        ])
      },
    )

    test('updateRows() sets all other fields of the rows that the key finds', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await write(system, async (opened) => {
        const rows = rowsOf(['1', 'Anna', null], ['3', 'Cyd', 'Köln'])
        const fields = ['id', 'name', 'city']
        expect(await opened.updateRows(customer, { key: ['id'], fields, rows })).toBe(2)
      })
      expect(await readTable(harness, system, customer)).toEqual([
        ['1', 'Anna', null],
        ['2', 'Bob', null],
        ['3', 'Cyd', 'Köln'],
      ])
    })

    having('constraints').each(['INTEGER', 'INTEGER NOT NULL'])(
      'updateRows() lets rows exchange unique values (%s), and keeps their other fields',
      async (type) => {
        await using system = await harness.freshSystem()
        await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}, b INTEGER NOT NULL,
          v VARCHAR(20) DEFAULT 'none', n INTEGER GENERATED ALWAYS AS (a * 2) STORED, UNIQUE (a, b));
          INSERT INTO t (id, a, b, v) VALUES (1, 10, 0, 'x'), (2, 20, 0, 'y'), (3, 30, 0, 'z'), (4, 40, 0, '');`)
        await write(system, (opened) => {
          const rows = rowsOf(['1', '20', '0'], ['2', '10', '0'], ['3', '35', '0'])
          return opened.updateRows(named('t'), { key: ['id'], fields: ['id', 'a', 'b'], rows })
        })
        const rows = [
          ['1', '20', '0', 'x'],
          ['2', '10', '0', 'y'],
          ['3', '35', '0', 'z'],
          ['4', '40', '0', ''],
        ]
        expect(
          (await readTable(harness, system, named('t'))).map((row) => row.slice(0, 4)),
        ).toEqual(rows)
        const attempt = write(system, (opened) => {
          const taken = rowsOf(['1', '40', '0'], ['2', '20', '0'])
          return opened.updateRows(named('t'), {
            key: ['id'],
            fields: ['id', 'a', 'b'],
            rows: taken,
          })
        })
        await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
      },
    )

    test('updateRows() leaves fields that were not given as they are', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await write(system, (opened) =>
        opened.updateRows(customer, {
          key: ['id'],
          fields: ['city', 'id'],
          rows: rowsOf(['Ulm', '1']),
        }),
      )
      expect((await readTable(harness, system, customer))[0]).toEqual(['1', 'Ann', 'Ulm'])
    })

    test('deleteRows() deletes the rows that the key finds', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await write(system, async (opened) => {
        const keyed = { key: ['id'], fields: ['id'], rows: rowsOf(['1'], ['3']) }
        expect(await opened.deleteRows(customer, keyed)).toBe(2)
      })
      expect(await readTable(harness, system, customer)).toEqual([['2', 'Bob', null]])
    })

    test('composite and text keys find exactly their row', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (a ${keyText} NOT NULL, b INTEGER NOT NULL, v TEXT,
        PRIMARY KEY (a, b));
        INSERT INTO t VALUES ('x', 1, 'one'), ('x', 2, 'two'), ('X', 1, 'other'), ('', 1, 'none');`)
      await write(system, async (opened) => {
        const fields = ['a', 'b', 'v']
        const rows = rowsOf(['x', '1', 'new'], ['', '1', null])
        await opened.updateRows(named('t'), { key: ['a', 'b'], fields, rows })
        const gone = rowsOf(['X', '1', 'other'])
        await opened.deleteRows(named('t'), { key: ['a', 'b'], fields, rows: gone })
      })
      const rows = await readTable(harness, system, named('t'))
      expect(rows.map((row) => row.join('|')).sort()).toEqual(['x|1|new', 'x|2|two', '|1|'])
    })

    test.each(['update', 'delete'])('a row that is gone fails the %s', async (kind) => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      const attempt = write(system, (opened) => {
        const keyed = { key: ['id'], fields: ['id', 'name'], rows: rowsOf(['1', 'A'], ['9', 'B']) }
        if (kind === 'update') return opened.updateRows(customer, keyed)
        return opened.deleteRows(customer, keyed)
      })
      await expect(attempt).rejects.toMatchObject({ code: 'connector.target-changed' })
      expect(await readTable(harness, system, customer)).toHaveLength(3)
    })

    test('deleteRows() without key deletes exactly as many equal rows as given', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (a INTEGER, b TEXT);
        INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'x'), (1, NULL), (NULL, NULL), (1, 'X');`)
      const fields = ['a', 'b']
      await write(system, async (opened) => {
        const rows = rowsOf(['1', 'x'], ['1', 'x'], [null, null])
        expect(await opened.deleteRows(named('t'), { key: [], fields, rows })).toBe(3)
      })
      const left = (await readTable(harness, system, named('t'))).map((row) => JSON.stringify(row))
      expect(left.sort()).toEqual(['["1","X"]', '["1","x"]', '["1",null]'])
      const attempt = write(system, (opened) => {
        const rows = rowsOf(['1', 'x'], ['1', 'x'])
        return opened.deleteRows(named('t'), { key: [], fields, rows })
      })
      await expect(attempt).rejects.toMatchObject({ code: 'connector.target-changed' })
      expect(await readTable(harness, system, named('t'))).toHaveLength(3)
    })

    test('large rows are written from pieces', async () => {
      await using system = await harness.freshSystem()
      await system.exec(
        `CREATE TABLE t (id INTEGER PRIMARY KEY, v ${longText}, b ${harness.binary.type});`,
      )
      const text = 'é\\\t\n'.repeat(700_000)
      const bytes = `\\x${'00ff10'.repeat(600_000)}`
      await write(system, (opened) =>
        opened.insertRows(named('t'), ['id', 'v', 'b'], largeRowOf(['1', text, bytes])),
      )
      expect(await readTable(harness, system, named('t'))).toEqual([['1', text, bytes]])
    })

    test('deferForeignKeys() lets rows that refer to each other in at once', async () => {
      await using system = await harness.freshSystem()
      await system.exec(harness.cycleSql)
      const [first, second] = [named('first'), named('second')]
      await write(system, async (opened) => {
        await opened.deferForeignKeys([first, second])
        await opened.insertRows(first, ['id', 'other'], rowsOf(['1', '10'], ['2', '10']))
        await opened.insertRows(second, ['id', 'other'], rowsOf(['10', '2']))
      })
      expect(await readTable(harness, system, second)).toEqual([['10', '2']])
    })

    having('constraints')(
      'a reference to nothing is refused, and nothing of the write remains',
      async () => {
        await using system = await harness.freshSystem()
        await system.exec(`${CUSTOMERS} CREATE TABLE invoice (id INTEGER PRIMARY KEY,
        customer INTEGER REFERENCES customer (id));`)
        const attempt = write(system, async (opened) => {
          await opened.insertRows(customer, ['id', 'name'], rowsOf(['4', 'Dan']))
          await opened.insertRows(named('invoice'), ['id', 'customer'], rowsOf(['1', '5']))
        })
        await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
        expect(await readTable(harness, system, customer)).toHaveLength(3)
        expect(await readTable(harness, system, named('invoice'))).toEqual([])
      },
    )

    having('constraints')('a record that others refer to cannot be deleted alone', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`${CUSTOMERS} CREATE TABLE invoice (id INTEGER PRIMARY KEY,
        customer INTEGER REFERENCES customer (id)); INSERT INTO invoice VALUES (1, 2);`)
      const attempt = write(system, (opened) =>
        opened.deleteRows(customer, { key: ['id'], fields: ['id'], rows: rowsOf(['2']) }),
      )
      await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
      expect(await readTable(harness, system, customer)).toHaveLength(3)
    })

    having('constraints').each([
      ['a key that is there', 'id, name', ['2', 'Twice']],
      ['a name that is there', 'id, name', ['4', 'Bob']],
      ['a null where none may be', 'id, name', ['4', null]],
      ['a value that a check refuses', 'id, name', ['4', 'x']],
    ])('%s is refused, and everything is rolled back', async (_, fields, row) => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE customer (id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE CHECK (length(name) > 1));
        INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');`)
      const attempt = write(system, async (opened) => {
        const keyed = { key: ['id'], fields: ['id'], rows: rowsOf(['1']) }
        await opened.deleteRows(customer, keyed)
        await opened.insertRows(customer, fields.split(', '), rowsOf(['3', 'Cyd'], row))
      })
      await expect(attempt).rejects.toMatchObject({ code: 'connector.constraint-violated' })
      await expect(attempt).rejects.not.toThrow(/Twice/)
      expect(await readTable(harness, system, customer)).toEqual([
        ['1', 'Ann'],
        ['2', 'Bob'],
      ])
    })

    test('scan() sees what the write did, and what it does afterwards', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      const { catalogue } = await readSystem(harness, system)
      const described = findEntity(catalogue, customer)
      await write(system, async (opened) => {
        const keyed = { key: ['id'], fields: ['id', 'name'], rows: rowsOf(['2', 'Eve']) }
        await opened.updateRows(customer, keyed)
        expect((await readRows(opened, described))[1]).toEqual(['2', 'Eve', null])
        await opened.insertRows(customer, ['id', 'name'], rowsOf(['4', 'Dan']))
        expect(await readRows(opened, described)).toHaveLength(4)
        // Somebody who stops reading early leaves the transaction as it was.
        for await (const _ of opened.scan(described, ['id'], never)) break
      })
      expect(await readTable(harness, system, customer)).toHaveLength(4)
    })

    test('a write disposed without commit leaves no trace', async () => {
      await using from = await harness.freshSystem()
      await from.exec(CUSTOMERS)
      const { catalogue } = await readSystem(harness, from)
      const { schema } = evolveSchema(undefined, findEntity(catalogue, customer))
      const { definition, sequences } = catalogue
      await using system = await harness.freshSystem()
      await system.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);')
      const before = await readSystem(harness, system)
      {
        await using target = await openTarget(harness, system.address)
        await using opened = await target.openWrite(never)
        await opened.createTables({ schemas: [schema], definition, sequences })
        await opened.insertRows(customer, ['id', 'name'], rowsOf(['1', 'Ann']))
        await opened.insertRows(named('t'), ['id'], rowsOf(['2']))
        await opened.deleteRows(named('t'), { key: ['id'], fields: ['id'], rows: rowsOf(['1']) })
      }
      expect(comparable(await readSystem(harness, system))).toEqual(comparable(before))
    })

    test('a table that is there already is not created again', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      const { catalogue } = await readSystem(harness, system)
      const { schema } = evolveSchema(undefined, findEntity(catalogue, customer))
      const { definition, sequences } = catalogue
      const attempt = write(system, (opened) =>
        opened.createTables({ schemas: [schema], definition, sequences }),
      )
      await expect(attempt).rejects.toMatchObject({
        code: expect.stringMatching(/^connector\.(target-changed|create-refused)$/),
      })
      expect(await readTable(harness, system, customer)).toHaveLength(3)
    })

    test('a write that follows a cut refuses to undo what changed since', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await using target = await openTarget(harness, system.address)
      const cut = await target.openCut(never)
      await cut.readCatalogue(() => true)
      await system.exec("UPDATE customer SET name = 'Eve' WHERE id = 2;")
      const attempt = async () => {
        await using opened = await target.openWrite(never, cut)
        await cut[Symbol.asyncDispose]()
        const keyed = { key: ['id'], fields: ['id', 'name'], rows: rowsOf(['2', 'Bob']) }
        await opened.updateRows(customer, keyed)
        await opened.commit()
      }
      await expect(attempt()).rejects.toMatchObject({ code: 'connector.target-changed' })
      await cut[Symbol.asyncDispose]()
      expect((await readTable(harness, system, customer))[1]).toEqual(['2', 'Eve', null])
    })

    test('a write that follows a cut nobody passed goes through', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await using target = await openTarget(harness, system.address)
      await using cut = await target.openCut(never)
      await using opened = await target.openWrite(never, cut)
      await cut[Symbol.asyncDispose]()
      await opened.insertRows(customer, ['id', 'name'], rowsOf(['4', 'Dan']))
      await opened.commit()
      expect(await readTable(harness, system, customer)).toHaveLength(4)
    })

    test('of two writes at once the first has the target, and others wait for its end', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      await using target = await openTarget(harness, system.address)
      // Of the others, a second write does not begin.
      if (target.untilUnclaimed === undefined) return
      await using first = await target.openWrite(never)
      await first.claim?.()
      let isFree = false
      const freed = target.untilUnclaimed(never).then(() => {
        isFree = true
      })
      await using second = await target.openWrite(never)
      const refused = { code: 'connector.busy', message: expect.stringContaining('of the server') }
      await expect(second.claim?.()).rejects.toMatchObject(refused)
      expect(isFree).toBe(false)
      await first.commit()
      await freed
      await using third = await target.openWrite(never)
      await third.claim?.()
    })

    test('an abort stops a write', async () => {
      await using system = await harness.freshSystem()
      await system.exec(CUSTOMERS)
      const stop = new AbortController()
      const reason = new Error('stopped')
      async function* rows() {
        yield* rowsOf(['4', 'Dan'])
        stop.abort(reason)
        yield* rowsOf(['5', 'Eve'])
      }
      const attempt = async () => {
        await using target = await openTarget(harness, system.address)
        await using opened = await target.openWrite(stop.signal)
        await opened.insertRows(customer, ['id', 'name'], rows())
        await opened.commit()
      }
      await expect(attempt()).rejects.toBe(reason)
      expect(await readTable(harness, system, customer)).toHaveLength(3)
    })
  })
}

/** A bit of everything that a table may have and that all systems write alike. */
function wholeSystemSql({ binary, cycleSql, repeat, ...harness }: ConnectorHarness): string {
  const partly = harness.hasPartialIndexes === false ? '' : 'WHERE city IS NOT NULL'
  const longText = harness.text?.long ?? 'TEXT'
  return `${CUSTOMERS} ${cycleSql}
    INSERT INTO second VALUES (1, NULL); INSERT INTO first VALUES (1, 1), (2, NULL);
    UPDATE second SET other = 2;
    CREATE TABLE "Order Lines" ("order" INTEGER NOT NULL, line INTEGER NOT NULL,
      customer INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
      amount NUMERIC(12, 2) DEFAULT 0, doubled NUMERIC GENERATED ALWAYS AS (amount * 2) STORED,
      note TEXT DEFAULT 'it''s' CHECK (length(note) < 100), PRIMARY KEY ("order", line));
    INSERT INTO "Order Lines" ("order", line, customer, amount, note)
      VALUES (1, 1, 1, 10.25, 'a	b'), (1, 2, 1, -3, NULL), (2, 1, 3, NULL, '\\N');
    CREATE INDEX lines_by_customer ON "Order Lines" (customer, line DESC);
    CREATE UNIQUE INDEX customer_name ON customer (name) ${partly};
    CREATE TABLE loose (a TEXT, b INTEGER);
    INSERT INTO loose VALUES ('x', 1), ('x', 1), (NULL, NULL);
    CREATE TABLE document (id INTEGER PRIMARY KEY, scan ${binary.type}, body ${longText});
    INSERT INTO document VALUES (1, ${binary.value(1_500_000)}, NULL),
      (2, NULL, ${repeat('é', 1_200_000)}), (3, NULL, '');
    CREATE TABLE no_rows (id INTEGER PRIMARY KEY);`
}

/** What two equal systems have in common: not what each of them numbers for itself. */
function comparable({ catalogue, rows }: SystemContents): unknown {
  const entities = catalogue.entities.map((entity) => {
    const { sourceId: _, definition: __, fields, ...same } = entity
    return { ...same, fields: fields.map(({ sourceId: ___, ...field }) => field) }
  })
  const sorted = [...rows].map(([entity, list]) => [
    entity,
    list.map((row) => JSON.stringify(row)).sort(),
  ])
  return { entities, sequences: catalogue.sequences, rows: sorted }
}
