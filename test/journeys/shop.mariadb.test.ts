import { expect, test } from 'vitest'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { aTraveller, expectFailure, linesOf, type Traveller } from './testing/traveller.ts'

const SHOP = `CREATE TABLE customer (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL,
    email VARCHAR(80) COLLATE utf8mb4_general_ci UNIQUE, credit DECIMAL(15,2), scan LONGBLOB,
    changed DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), parent INT UNSIGNED,
    FOREIGN KEY (parent) REFERENCES customer (id)) AUTO_INCREMENT = 1000;
  CREATE TABLE invoice (year YEAR, number INT, customer INT UNSIGNED NOT NULL, total DECIMAL(15,2),
    \`lines\` JSON, PRIMARY KEY (year, number), FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE);
  CREATE TABLE \`Call Log\` (said TEXT, at TIMESTAMP(3) NULL, mood ENUM('good', 'bad'));
  CREATE TABLE big (id BIGINT PRIMARY KEY, v TEXT);
  INSERT INTO customer (id, name, email, credit, changed)
    SELECT seq, CONCAT('Customer ', seq), CONCAT('c', seq, '@example.com'), seq / 4, '2026-01-01'
    FROM seq_1_to_500;
  UPDATE customer SET parent = id + 1, changed = changed WHERE id % 7 = 1;
  UPDATE customer SET scan = REPEAT(UNHEX('00ff5c0a09'), 100000), changed = changed WHERE id = 3;
  INSERT INTO invoice SELECT 2020 + seq % 5, seq, 1 + seq % 500, seq * 1.1, '{"a": [1, 2.50]}' FROM seq_1_to_800;
  INSERT INTO \`Call Log\` VALUES ('again\\tand\\nagain', '2026-05-05 05:05:05.123', 'good'),
    ('again\\tand\\nagain', '2026-05-05 05:05:05.123', 'good'), (NULL, NULL, NULL);
  INSERT INTO big SELECT seq, REPEAT(MD5(seq), 12) FROM seq_1_to_20000;
  CREATE VIEW rich AS SELECT * FROM customer WHERE credit > 100`

const TABLES = ['customer', 'invoice', '`Call Log`', 'big']

describeMariadb('a shop on MariaDB', () => {
  async function start(traveller: Traveller, ...names: readonly (readonly [string, string])[]) {
    const lines = names.map(([name, url]) => `  ${name}: { connector: mariadb, url: '${url}' }\n`)
    const [source, ...targets] = lines
    await traveller.configure(`sources:\n${source}targets:\n${targets.join('')}`)
    expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  }

  /** What the server says that the tables hold. */
  async function sums(database: FreshMariadb): Promise<unknown> {
    const rows = await database.query(`CHECKSUM TABLE ${TABLES.join(', ')} EXTENDED`)
    return rows.map((row) => [String(row['Table']).replace(/^.*\./, ''), row['Checksum']])
  }

  test('is backed up, changed, looked back at and put back', async () => {
    const traveller = await aTraveller()
    const { answer, answerWith, holdfast, summary } = traveller
    await using shop = await freshMariadb()
    await using copy = await freshMariadb()
    await shop.query(SHOP)
    await start(traveller, ['shop', shop.url], ['copy', copy.url])
    expect(await answer('source', 'check', 'shop')).toMatchObject({
      verdict: 'ready',
      connector: 'mariadb',
      grants: [],
    })
    expect(await summary('backup')).toMatchObject({
      cut: { position: expect.stringMatching(/^(\d-1-\d+,?)+ /) },
      entities: [
        { entity: '"Call Log"', rows: 3 },
        { entity: 'big', rows: 20_000 },
        { entity: 'customer', rows: 500 },
        { entity: 'invoice', rows: 800 },
      ],
    })
    const before = await sums(shop)
    await shop.query(`UPDATE customer SET credit = 0 WHERE id <= 5; DELETE FROM invoice WHERE number = 9;
      INSERT INTO \`Call Log\` VALUES ('again\\tand\\nagain', '2026-05-05 05:05:05.123', 'good');
      INSERT INTO customer (name) VALUES ('New')`)
    const second = await summary<{ entities: { entity: string }[] }>('backup')
    expect(second.entities.filter(({ entity }) => entity !== 'big')).toMatchObject([
      { inserted: 1, updated: 0, deleted: 0 },
      { inserted: 1, updated: 5, deleted: 0 },
      { inserted: 0, updated: 0, deleted: 1 },
    ])
    expect(await answer('show', 'shop@1', 'customer', '3')).toMatchObject({
      fields: { credit: '0.75', changed: '2026-01-01 00:00:00.000000' },
    })
    expect(await answer('history', 'shop', 'customer', '5')).toMatchObject({
      versions: [{ op: 'update', changed: ['credit', 'changed'] }, { op: 'insert' }],
    })
    const diff = await holdfast('diff', 'shop@1', 'shop@2', '--json')
    expect(diff.exit, diff.stderr).toBe(4)
    expect(linesOf(diff).at(-1)).toMatchObject({ inserted: 2, updated: 5, deleted: 1 })
    expect(await holdfast('diff', 'shop@latest', 'shop@live')).toMatchObject({ exit: 0 })

    const restored = await summary('restore', 'shop@1', '--to', 'copy', '--yes')
    expect(restored).toMatchObject({ verified: { records: 21_303, different: 0 }, extra: 0 })
    expect(await sums(copy)).toEqual(before)
    expect(await answer('verify', 'shop@1', '--against', 'copy')).toMatchObject({ verdict: 'same' })
    await answerWith(4, 'verify', 'shop@2', '--against', 'copy')
    // Numbering goes on where it stood, and foreign keys hold.
    await copy.query(`INSERT INTO customer (name) VALUES ('next')`)
    expect(await copy.query('SELECT MAX(id) AS id FROM customer')).toEqual([{ id: 1000 }])
    await expect(
      copy.query('INSERT INTO invoice VALUES (2020, 1, 77777, 0, NULL)'),
    ).rejects.toThrow()
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  })

  test('gets back what was lost, and nothing else is touched', async () => {
    const traveller = await aTraveller()
    const { holdfast, summary } = traveller
    await using shop = await freshMariadb()
    await using copy = await freshMariadb()
    await shop.query(SHOP)
    await copy.query(SHOP)
    await start(traveller, ['shop', shop.url], ['copy', copy.url])
    await summary('backup')
    await copy.query(`SET foreign_key_checks = 0; DELETE FROM customer WHERE id IN (1, 2);
      DROP TABLE invoice; UPDATE customer SET name = 'spoiled', changed = '2030-01-01' WHERE id = 3;
      DELETE FROM \`Call Log\` LIMIT 1; SET foreign_key_checks = 1;
      INSERT INTO customer (id, name) VALUES (900, 'added')`)
    const restore = ['restore', 'shop@latest', '--to', 'copy', '--confirm', 'copy']
    expect(await summary(...restore)).toMatchObject({
      inserted: 803,
      updated: 1,
      deleted: 0,
      extra: 1,
    })
    expect(await summary(...restore, '--delete-added')).toMatchObject({ deleted: 1, extra: 0 })
    expect(await holdfast('verify', 'shop@latest', '--against', 'copy')).toMatchObject({ exit: 0 })
    expect(await sums(copy)).toEqual(await sums(shop))
  })

  test('a run whose connections are cut keeps nothing, and the next one is whole', async () => {
    const traveller = await aTraveller()
    await using shop = await freshMariadb()
    await shop.query(SHOP)
    await shop.query('INSERT INTO big SELECT seq, REPEAT(MD5(seq), 100) FROM seq_20001_to_50000')
    await start(traveller, ['shop', shop.url])
    const running = traveller.start('backup')
    const readers = () =>
      shop.query(`SELECT id FROM information_schema.processlist WHERE db = '${shop.name}'
        AND id <> CONNECTION_ID() AND info LIKE 'SELECT%FROM \`big\`%'`)
    await expect.poll(readers, { timeout: 20_000, interval: 10 }).not.toEqual([])
    for (const { id } of await readers()) await shop.query(`KILL ${id}`).catch(() => {})
    expectFailure(await running.done, 1, 'connector.scan-failed')
    expect(await traveller.answer('points')).toEqual([])
    expect(await traveller.summary('backup')).toMatchObject({ point: 'shop@1' })
    expect(await traveller.holdfast('diff', 'shop@1', 'shop@live')).toMatchObject({ exit: 0 })
  })

  test('a restore that is killed leaves nothing that anybody sees, and the next one is whole', async () => {
    const traveller = await aTraveller()
    await using shop = await freshMariadb()
    await using copy = await freshMariadb()
    await shop.query(SHOP)
    await start(traveller, ['shop', shop.url], ['copy', copy.url])
    await traveller.summary('backup')
    const running = traveller.start('restore', 'shop@1', '--to', 'copy', '--yes')
    const tables = async () =>
      (await copy.query('SHOW TABLES')).flatMap((row) => Object.values(row))
    await expect.poll(tables, { timeout: 20_000, interval: 5 }).not.toEqual([])
    running.child.kill('SIGKILL')
    expect((await running.done).signal).toBe('SIGKILL')
    expect((await tables()).filter((table) => !String(table).startsWith('_holdfast_'))).toEqual([])
    await traveller.summary('restore', 'shop@1', '--to', 'copy', '--yes')
    expect((await tables()).sort()).toEqual(['Call Log', 'big', 'customer', 'invoice'])
    expect(await sums(copy)).toEqual(await sums(shop))
  })

  test('a user without rights is told the statements that help, and backs up after them', async () => {
    const traveller = await aTraveller()
    await using shop = await freshMariadb()
    await shop.query(SHOP)
    const user = `holdfast_${shop.name.slice(2)}`
    await shop.query(
      `CREATE USER ${user} IDENTIFIED BY 'p'; GRANT SELECT ON ${shop.name}.customer TO ${user}`,
    )
    const url = new URL(shop.url)
    url.username = user
    url.password = 'p'
    await start(traveller, ['shop', url.href])
    expectFailure(await traveller.holdfast('backup'), 1, 'connector.denied')
    await shop.query(`GRANT SHOW VIEW ON ${shop.name}.* TO ${user}`)
    type Check = { verdict: string; grants: string[] }
    const { grants } = await traveller.answerWith<Check>(1, 'source', 'check', 'shop')
    expect(grants).toHaveLength(3)
    for (const grant of grants) await shop.query(grant.replaceAll('`', '"').replaceAll("'", '"'))
    expect(await traveller.summary('backup')).toMatchObject({ point: 'shop@1' })
    // A right that is taken away is never a deletion.
    await shop.query(`REVOKE SELECT ON ${shop.name}.invoice FROM ${user}`)
    expect(await traveller.holdfast('backup')).not.toMatchObject({ exit: 0 })
    expect(await traveller.answer('points')).toHaveLength(1)
  })

  test('another database under the same name is noticed', async () => {
    const traveller = await aTraveller()
    await using shop = await freshMariadb()
    await using other = await freshMariadb()
    await shop.query(SHOP)
    await other.query(SHOP)
    await start(traveller, ['shop', shop.url])
    await traveller.summary('backup')
    await traveller.configure(`sources:\n  shop: { connector: mariadb, url: '${other.url}' }\n`)
    expect(await traveller.holdfast('backup')).toMatchObject({ exit: 5 })
  })
})
