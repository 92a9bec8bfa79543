import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describeMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const SHOP = `CREATE TABLE customer (no VARCHAR(12) PRIMARY KEY, name VARCHAR(40), scan LONGBLOB NOT NULL,
    about JSON, since DATETIME(6), mood ENUM('good', 'bad'), note LONGTEXT);
  CREATE TABLE invoice (id INT UNSIGNED PRIMARY KEY, customer VARCHAR(12) NOT NULL, paid DATE,
    FOREIGN KEY (customer) REFERENCES customer (no));
  INSERT INTO customer VALUES ('K-1002340', 'Ada Lovelace', UNHEX('00ff'), '{"of": "Byron"}', '2026-06-30 12:00:00.5', 'good', 'K-1002340 called'),
    ('K-1002350', NULL, '', NULL, NULL, NULL, NULL);
  INSERT INTO invoice VALUES (1, 'K-1002340', '2026-06-30'), (2, 'K-1002350', NULL)`

const MASK = `version: 1
sources:
  shop:
    customer: { no: code, name: name, scan: redact, about: "null", since: date, mood: keep, note: keep }
    invoice: { customer: code, paid: date }
`

describeMariadb('masked restore', () => {
  test('a MariaDB is masked into another, or left without a row', async () => {
    const { at, configure, holdfast, summary } = await aTraveller()
    await using shop = await freshMariadb()
    await using copy = await freshMariadb()
    await shop.query(SHOP)
    await configure(`sources:
  shop: { connector: mariadb, url: '${shop.url}' }
targets:
  copy: { connector: mariadb, url: '${copy.url}' }
`)
    await holdfast('init')
    await summary('backup')
    const restore = ['restore', 'shop@1', '--to', 'copy', '--mask', 'mask.yaml', '--yes']

    await writeFile(at('mask.yaml'), MASK)
    expectFailure(await holdfast(...restore), 4, 'mask.original-found')
    expect(await copy.query('SHOW TABLES')).toEqual([])
    await writeFile(at('mask.yaml'), MASK.replace('note: keep', 'note: freeText'))
    expect(await summary(...restore)).toMatchObject({
      inserted: 4,
      verified: { records: 4, different: 0 },
    })
    const rows = await copy.query(
      'SELECT no, name, HEX(scan) AS scan, about, mood, note, id FROM customer JOIN invoice ON customer = no ORDER BY id',
    )
    expect(rows).toMatchObject([
      { no: expect.stringMatching(/^[A-Z]-\d{7}$/), scan: '', about: null, mood: 'good' },
      { name: null, scan: '', about: null, note: null },
    ])
    expect(JSON.stringify(rows)).not.toMatch(/K-10023|Ada|Lovelace|Byron|called/)
  })
})
