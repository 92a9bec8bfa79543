import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { compareKeys, encodeKey } from '#record/key'
import { BATCH_BYTES_MAX, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import type { DescribedEntity } from '#record/schema'
import { collect } from '#stdx/streams'
import {
  type ConnectorHarness,
  type ContractSystem,
  entityIn,
  findEntity,
  type Lacking,
  openSource,
  optionsFor,
  parseBatch,
  readRows,
  readSystem,
  readTable,
  type Values,
} from './contract-system.ts'

const never = new AbortController().signal

/** SQL that works everywhere: 30 000 rows of about 100 bytes. */
const MANY_ROWS = `CREATE TABLE many (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO many
  WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 30000)
  SELECT i, 'a name that makes the row some hundred bytes long, so that the table '
    || 'takes more than one batch ' || i FROM k;`

export function testReading(label: string, harness: ConnectorHarness): void {
  const named = (table: string) => entityIn(harness, table)
  const having = (what: Lacking) => test.skipIf(harness.lacks?.includes(what) ?? false)
  const { key: keyText, long: longText } = harness.text ?? { key: 'TEXT', long: 'TEXT' }

  describe(`${label}: reading contract`, () => {
    test('all scans of a cut see one moment, whatever is committed meanwhile', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT);
        CREATE TABLE b (id INTEGER PRIMARY KEY, v TEXT);
        INSERT INTO a VALUES (1, 'old'), (2, 'old'); INSERT INTO b VALUES (1, 'old');`)
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      await system.exec("UPDATE a SET v = 'new'; INSERT INTO b VALUES (2, 'new');")
      const catalogue = await cut.readCatalogue(() => true)
      await system.exec('DELETE FROM b;')
      const scans = ['a', 'b'].map((name) => readRows(cut, findEntity(catalogue, named(name))))
      expect(await Promise.all(scans)).toEqual([
        [
          ['1', 'old'],
          ['2', 'old'],
        ],
        [['1', 'old']],
      ])
      expect(await readTable(harness, system, named('a'))).toEqual([
        ['1', 'new'],
        ['2', 'new'],
      ])
    })

    test('a later cut has another position and the same identity', async () => {
      await using system = await harness.freshSystem()
      await system.exec('CREATE TABLE a (id INTEGER PRIMARY KEY);')
      await using source = await openSource(harness, system.address)
      const cutOnce = async () => {
        await using cut = await source.openCut(never)
        return cut.cut
      }
      const first = await cutOnce()
      await system.exec('INSERT INTO a VALUES (1);')
      const second = await cutOnce()
      expect(second.position).not.toBe(first.position)
      expect(second.identity).toEqual(first.identity)
      expect(source.identity).toEqual(first.identity)
      expect(first.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
      await using other = await harness.freshSystem()
      await using otherSource = await openSource(harness, other.address)
      expect(otherSource.identity).not.toEqual(first.identity)
    })

    test('scan() gives the fields in the order asked for, and only those', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c TEXT);
        INSERT INTO t VALUES (1, 'b', 'c');`)
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('t'))
      expect(entity.fields.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
      expect(await readRows(cut, entity, ['c', 'a'])).toEqual([['c', '1']])
    })

    test('values keep their exact text, nulls apart from everything', async () => {
      const values = [
        '',
        '\\N',
        '\\',
        '\\\\N',
        'a\tb',
        'a\nb',
        'a\r\nb',
        '\b\f\v',
        "it's",
        'é😀',
        '\ufffd',
      ]
      await using system = await harness.freshSystem()
      const rows = values.map((value, i) => `(${i}, '${value.replaceAll("'", "''")}')`)
      await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
        INSERT INTO t VALUES ${rows.join(', ')}; INSERT INTO t VALUES (99, NULL);`)
      expect(await readTable(harness, system, named('t'))).toEqual([
        ...values.map((value, i) => [String(i), value]),
        ['99', null],
      ])
    })

    having('types')('a scan in key order has the order of encodeKey()', async () => {
      await using system = await harness.freshSystem()
      await system.exec(keysSql(keyText))
      const { catalogue, rows } = await readSystem(harness, system)
      const orders = catalogue.entities.map(({ entity, scanOrder }) => [entity, scanOrder])
      expect(orders).toContainEqual([named('by_integer'), 'key'])
      for (const entity of catalogue.entities) {
        const keys = keysOf(entity, rows.get(entity.entity) ?? [])
        expect(keys.length).toBeGreaterThan(10)
        const isSorted = keys.every((key, i) => i === 0 || compareKeys(keys[i - 1] ?? key, key) < 0)
        if (entity.scanOrder === 'key') expect(isSorted).toBe(true)
      }
    })

    test('a table without key has none, and every equal row arrives', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (a INTEGER, b TEXT);
        INSERT INTO t VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (1, 'x'), (NULL, NULL);`)
      const { catalogue, rows } = await readSystem(harness, system)
      expect(findEntity(catalogue, named('t')).key).toBeNull()
      const texts = rows.get(named('t') as EntityName)?.map((row) => JSON.stringify(row))
      expect(texts?.sort()).toEqual([
        ...Array.from({ length: 3 }, () => '["1","x"]'),
        ...Array.from({ length: 2 }, () => '[null,null]'),
      ])
    })

    having('constraints')(
      'a unique index over fields that are not null serves as the key',
      async () => {
        await using system = await harness.freshSystem()
        await system.exec(`CREATE TABLE t (a TEXT, b INTEGER NOT NULL, c INTEGER);
        CREATE UNIQUE INDEX tc ON t (c); CREATE UNIQUE INDEX tb ON t (b);`)
        const { catalogue } = await readSystem(harness, system)
        expect(findEntity(catalogue, named('t')).key).toEqual({
          fields: ['b'],
          encodings: ['integer'],
        })
      },
    )

    test('an empty table is described and has no rows', async () => {
      await using system = await harness.freshSystem()
      await system.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);')
      expect(await readTable(harness, system, named('t'))).toEqual([])
    })

    test('mayRead() keeps a table described', async () => {
      await using system = await harness.freshSystem()
      await system.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);')
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const { entities } = await cut.readCatalogue(() => false)
      expect(entities.map(({ entity }) => entity)).toEqual([named('t')])
    })

    test('rows above the limit travel alone, in pieces, at their place', async () => {
      const { binary, repeat } = harness
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v ${longText}, b ${binary.type});
        INSERT INTO t VALUES (1, 'small', NULL), (2, ${repeat('é\t', 1_500_000)}, NULL),
          (3, 'small', NULL), (4, NULL, ${binary.value(2_000_000)}), (5, 'small', NULL);`)
      const batches = await scanBatches(harness, system, named('t'))
      expect(batches.map(({ kind }) => kind)).toEqual(['rows', 'large', 'rows', 'large', 'rows'])
      const rows = batches.flatMap(parseBatch)
      expect(rows.map(([id]) => id)).toEqual(['1', '2', '3', '4', '5'])
      expect(rows[1]?.[1]).toBe('é\t'.repeat(1_500_000))
      expect(rows[3]?.[2]).toMatch(/^\\x[0-9a-f]{4000000}$/)
    })

    test('batches keep their bounds and hold whole rows', async () => {
      await using system = await harness.freshSystem()
      await system.exec(MANY_ROWS)
      const batches = await scanBatches(harness, system, named('many'))
      expect(batches.length).toBeGreaterThan(1)
      for (const batch of batches) {
        expect(batch.kind).toBe('rows')
        expect(sizeOf(batch)).toBeLessThanOrEqual(BATCH_BYTES_MAX)
      }
      const ids = batches.flatMap(parseBatch).map(([id]) => id)
      expect(ids).toEqual(Array.from({ length: 30_000 }, (_, i) => String(i + 1)))
    })

    test('a row at the limit is not large', async () => {
      await using system = await harness.freshSystem()
      const length = LARGE_ROW_BYTES - 3
      await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v ${longText});
        INSERT INTO t VALUES (1, ${harness.repeat('x', length)});
        INSERT INTO t VALUES (2, ${harness.repeat('x', length + 1)});`)
      const batches = await scanBatches(harness, system, named('t'))
      expect(batches.map(({ kind }) => kind)).toEqual(['rows', 'large'])
      expect(batches.map(sizeOf)).toEqual([LARGE_ROW_BYTES, LARGE_ROW_BYTES + 1])
    })

    having('constraints')('names that must be quoted work like others', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE "Order ""Lines"".é" ("Sélect" INTEGER PRIMARY KEY, "a,b" TEXT);
        INSERT INTO "Order ""Lines"".é" VALUES (1, 'x');`)
      const { catalogue, rows } = await readSystem(harness, system)
      const name = named('"Order ""Lines"".é"')
      const entity = findEntity(catalogue, name)
      expect(entity.fields.map((field) => field.name)).toEqual(['Sélect', 'a,b'])
      expect(entity.key?.fields).toEqual(['Sélect'])
      expect(rows.get(entity.entity)).toEqual([['1', 'x']])
    })

    having('definitions')('generated fields are left out', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY,
        twice INTEGER GENERATED ALWAYS AS (id * 2) STORED, v TEXT);
        INSERT INTO t (id, v) VALUES (21, 'x');`)
      const { catalogue, rows } = await readSystem(harness, system)
      const entity = findEntity(catalogue, named('t'))
      expect(entity.fields.map(({ name }) => name)).toEqual(['id', 'v'])
      expect(rows.get(entity.entity)).toEqual([['21', 'x']])
    })

    having('definitions')('foreign keys are described with their actions', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE parent (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
        CREATE TABLE child (id INTEGER PRIMARY KEY, x INTEGER, y INTEGER,
          FOREIGN KEY (x, y) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL);`)
      const { catalogue } = await readSystem(harness, system)
      expect(findEntity(catalogue, named('child')).foreignKeys).toMatchObject([
        {
          fields: ['x', 'y'],
          entity: named('parent'),
          referencedFields: ['a', 'b'],
          onDelete: 'CASCADE',
          onUpdate: 'SET NULL',
        },
      ])
    })

    having('definitions')('views are named as not restored', async () => {
      await using system = await harness.freshSystem()
      await system.exec(
        'CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t;',
      )
      const { catalogue } = await readSystem(harness, system)
      expect(catalogue.entities.map(({ entity }) => entity)).toEqual([named('t')])
      expect(catalogue.notRestored).toContainEqual({ kind: 'view', name: named('v') })
    })

    test('a table dropped during the cut is read whole or fails the scan', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);`)
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('t'))
      // A system may also refuse to drop what is being read.
      await system.exec('DROP TABLE t;').catch(() => {})
      const outcome = await readRows(cut, entity).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'connector.scan-failed' })
      else expect(outcome).toEqual([['1']])
    })

    test('a table or field that is not there fails the scan', async () => {
      await using system = await harness.freshSystem()
      await system.exec('CREATE TABLE t (id INTEGER PRIMARY KEY);')
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('t'))
      const gone = { ...entity, entity: named('gone') as EntityName }
      const failed = expect.objectContaining({ code: 'connector.scan-failed' })
      await expect(readRows(cut, gone)).rejects.toEqual(failed)
    })

    test('an abort stops a scan at the next batch', async () => {
      await using system = await harness.freshSystem()
      await system.exec(MANY_ROWS)
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('many'))
      const stop = new AbortController()
      const reason = new Error('stopped')
      let batchCount = 0
      const scan = async () => {
        for await (const _ of cut.scan(entity, ['id', 'name'], stop.signal)) {
          batchCount += 1
          stop.abort(reason)
        }
      }
      await expect(scan()).rejects.toBe(reason)
      expect(batchCount).toBe(1)
    })

    test('a scan may be left early, and another one started', async () => {
      await using system = await harness.freshSystem()
      await system.exec(MANY_ROWS)
      await using source = await openSource(harness, system.address)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('many'))
      for await (const _ of cut.scan(entity, ['id'], never)) break
      expect(await readRows(cut, entity, ['id'])).toHaveLength(30_000)
    })

    test('an address where nothing answers is unreachable', async () => {
      await expect(openSource(harness, harness.nowhere)).rejects.toMatchObject({
        code: 'connector.unreachable',
      })
    })

    test('the limit on bytes per second is kept', async () => {
      await using system = await harness.freshSystem()
      await system.exec(MANY_ROWS)
      let sleptMs = 0
      const clock = {
        nowMs: () => 0,
        passedMs: () => 0,
        async sleep(ms: number) {
          sleptMs = Math.max(sleptMs, ms)
        },
      }
      const options = optionsFor(system.address, { bytesPerSecondMax: 1_000_000, clock })
      await using source = await harness.connector.openSource(options)
      await using cut = await source.openCut(never)
      const entity = findEntity(await cut.readCatalogue(() => true), named('many'))
      const batches = await collect(cut.scan(entity, ['id', 'name'], never))
      const totalBytes = batches.reduce((size, batch) => size + sizeOf(batch), 0)
      expect(sleptMs).toBeGreaterThanOrEqual((totalBytes / 1_000_000) * 1000 * 0.9)
    })

    test.skipIf(harness.denyReading === undefined)('missing rights are named', async () => {
      await using system = await harness.freshSystem()
      await system.exec(`CREATE TABLE open (id INTEGER PRIMARY KEY);
        CREATE TABLE secret (id INTEGER PRIMARY KEY);`)
      const address = (await harness.denyReading?.(system, 'secret')) ?? system.address
      await using source = await openSource(harness, address)
      await using cut = await source.openCut(never)
      const catalogue = await cut.readCatalogue(() => true)
      expect(findEntity(catalogue, named('open')).missingGrant).toBeNull()
      expect(findEntity(catalogue, named('secret')).missingGrant).toContain('GRANT SELECT')
    })
  })
}

function keysSql(keyText: string): string {
  const integers = [-2147483648, -1000, -256, -255, -1, 0, 1, 9, 10, 255, 256, 2147483647]
  const sampled = fc.sample(fc.string({ unit: fc.constantFrom(...'aAbBäÄ-_ éz9\u{1f600}') }), {
    seed: 7,
    numRuns: 40,
  })
  const texts = [
    ...new Set(['', 'a', 'aa', 'a b', 'A', 'b', 'Z', 'é', '\u{ffee}', '\u{1f600}', ...sampled]),
  ]
  const pairs = texts.flatMap((text) => [`('${text}', 2, 'x')`, `('${text}', -1, 'x')`])
  return `CREATE TABLE by_integer (id INTEGER PRIMARY KEY, v TEXT);
    INSERT INTO by_integer VALUES ${integers.map((n) => `(${n}, 'x')`).join(', ')};
    CREATE TABLE by_text (id ${keyText} PRIMARY KEY NOT NULL, v TEXT);
    INSERT INTO by_text VALUES ${texts.map((text) => `('${text}', 'x')`).join(', ')};
    CREATE TABLE by_both (a ${keyText} NOT NULL, b INTEGER NOT NULL, v TEXT, PRIMARY KEY (a, b));
    INSERT INTO by_both VALUES ${pairs.join(', ')};`
}

function keysOf({ fields, key }: DescribedEntity, rows: readonly Values[]): Uint8Array[] {
  const names = fields.map(({ name }) => name)
  return rows.map((row) => {
    const values = (key?.fields ?? []).map((name) => row[names.indexOf(name)] ?? '')
    return encodeKey(values, key?.encodings ?? [])
  })
}

async function scanBatches(
  harness: ConnectorHarness,
  { address }: ContractSystem,
  name: string,
): Promise<RowBatch[]> {
  await using source = await openSource(harness, address)
  await using cut = await source.openCut(never)
  const entity = findEntity(await cut.readCatalogue(() => true), name)
  const fields = entity.fields.map((field) => field.name)
  return await collect(cut.scan(entity, fields, never))
}

function sizeOf(batch: RowBatch): number {
  const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
  return parts.reduce((size, part) => size + part.length, 0)
}
