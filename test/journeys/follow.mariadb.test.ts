import { expect, test } from 'vitest'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { aTraveller, expectFailure, linesOf } from './testing/traveller.ts'

const TABLES = `
  CREATE TABLE customer (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, credit DECIMAL(15,2), seen DATETIME(3));
  CREATE TABLE invoice (id INT PRIMARY KEY, customer INT REFERENCES customer (id), amount DECIMAL(12,2));
  CREATE TABLE note (customer INT PRIMARY KEY REFERENCES customer (id) ON DELETE CASCADE, said TEXT);
  CREATE TABLE stock (id INT PRIMARY KEY, amount INT);
  INSERT INTO customer SELECT seq, CONCAT('C', seq), seq / 4, '2026-01-01 00:00:00.5' FROM seq_1_to_50;
  INSERT INTO note VALUES (1, 'one'), (2, 'two')`

const configOf = (shop: FreshMariadb, copy: FreshMariadb) => `sources:
  shop: { connector: mariadb, url: '${shop.url}', follow: true, feedName: ${shop.name} }
targets:
  copy: { connector: mariadb, url: '${copy.url}' }
`

describeMariadb('following a shop on MariaDB', () => {
  test('its transactions are kept, and put back one by one', async () => {
    const traveller = await aTraveller()
    const { answer, holdfast } = traveller
    await using shop = await freshMariadb()
    await using copy = await freshMariadb()
    await shop.query(TABLES)
    await traveller.configure(configOf(shop, copy))
    expect(await holdfast('init')).toMatchObject({ exit: 0 })
    const report = await holdfast('source', 'check', 'shop')
    expect(report.stdout).toMatch(/note.* ON DELETE CASCADE/)

    const begun = await holdfast('follow', '--for', '3s', '--json')
    expect(begun, begun.stderr).toMatchObject({ exit: 0 })
    // What is committed while nobody follows is not lost.
    await shop.query(`BEGIN; INSERT INTO customer VALUES (51, 'new', 7.5, NULL);
      INSERT INTO invoice VALUES (1, 51, 10.50); COMMIT;
      UPDATE customer SET credit = credit + 1 WHERE id <= 10;
      DELETE FROM customer WHERE id IN (2, 20);
      TRUNCATE stock; INSERT INTO stock VALUES (1, 1);
      UPDATE customer SET name = 'wrong'`)
    const followed = await holdfast('follow', '--for', '5s', '--json')
    expect(followed, followed.stderr).toMatchObject({ exit: 0 })
    expect(linesOf(followed).at(-1)).toMatchObject({ type: 'summary' })

    const points =
      await answer<{ point: string; kind: string; transactions: number | null }[]>('points')
    const told = points.filter(({ kind }) => kind === 'feed')
    expect(
      told.reduce((sum, { transactions }) => sum + (transactions ?? 0), 0),
    ).toBeGreaterThanOrEqual(5)
    const last = told.at(-1)?.point ?? ''
    expect(await answer('show', last, 'customer', '1')).toMatchObject({
      fields: { name: 'wrong', credit: '1.25', seen: '2026-01-01 00:00:00.500' },
    })
    const history = await answer<{ versions: unknown[] }>('history', 'shop', 'customer', '51')
    expect(history.versions).toHaveLength(2)

    // The log tells whole seconds: what was committed later in that one is taken for what came before.
    const newestTold = await answer<{ cut: { time: string } }[]>(
      'points',
      'shop',
      '--transactions',
      '--limit',
      '1',
    )
    const at = newestTold[0]?.cut.time ?? ''
    const cut = await answer('cut', 'shop', '--label', 'then', '--at', at)
    const source = { between: 'nothing', laterMs: 1000 }
    expect(cut).toMatchObject({ skewMs: 1000, sources: [source] })

    // The cascade is in no log: a scan finds it, and the feed goes on behind the scan.
    const reconciled = await holdfast('reconcile', 'shop', '--json')
    expect(reconciled, reconciled.stderr).toMatchObject({ exit: 0 })
    await shop.query(`ALTER TABLE stock ADD at DATE; INSERT INTO stock VALUES (2, 2, '2026-02-02')`)
    const again = await holdfast('follow', '--for', '6s', '--json')
    expect(again, again.stderr).toMatchObject({ exit: 0 })
    const newest = (await answer<{ point: string }[]>('points')).at(-1)?.point ?? ''
    const verified = await holdfast('verify', newest, '--against', 'shop')
    // All is the same, but nobody vouches for what is left to scans.
    expect(verified).toMatchObject({ exit: 6 })
    expect(verified.stdout.match(/^\w+ +(?:same|unproven) .*$/gm)).toHaveLength(4)
    expect(verified.stdout).toMatch(/^note +unproven/m)
    await holdfast('restore', newest, '--to', 'copy', '--yes')
    for (const table of ['customer', 'invoice', 'note', 'stock']) {
      const sql = `SELECT * FROM ${table} ORDER BY 1`
      expect(await copy.query(sql)).toEqual(await shop.query(sql))
    }
    expect(await holdfast('check', '--read-data')).toMatchObject({ exit: 0 })
    expectFailure(
      await holdfast('follow', 'shop', '--drop', '--no-input'),
      2,
      'cli.confirmation-missing',
    )
    expect(await holdfast('follow', 'shop', '--drop', '--confirm', 'shop')).toMatchObject({
      exit: 0,
    })
  })
})
