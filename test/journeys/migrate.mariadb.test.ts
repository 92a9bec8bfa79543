import { expect } from 'vitest'
import { aMigration, inMariadb, inPostgres, testWithBoth } from './testing/a-migration.ts'
import { expectFailure } from './testing/traveller.ts'

const OLD = `
  create type standing as enum ('good', 'bad');
  create table customer (id bigint primary key, first varchar(40), last varchar(60) not null, land text,
    born date, credit numeric(15,4), is_open boolean not null, made timestamptz(6), vat uuid, standing standing, fax text);
  create table invoice (customer bigint references customer, line int, net numeric(12,2) not null, day timestamp, primary key (customer, line));
  insert into customer values
    (1, 'Ada', 'Lovelace', 'GB', '1815-12-10', 12345678.9000, true, '2026-01-31 23:59:59.5+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'good', '1'),
    (2, null, 'Ärger & Söhne 🎉', 'D', null, -0.01, false, null, null, null, null),
    (3, null, 'Closed', 'D', null, null, false, null, null, 'bad', null);
  insert into invoice select 1 + n % 2, n, n * 0.37, timestamp '2026-01-01' + n * interval '1 day' from generate_series(1, 500) n`
const NEW = `CREATE TABLE partner (nr INT UNSIGNED PRIMARY KEY, name VARCHAR(80) NOT NULL, land CHAR(2) NOT NULL,
    born DATE, credit DECIMAL(10,2), active TINYINT(1) NOT NULL CHECK (active IN (0,1)), made TIMESTAMP(3) NULL,
    vat VARCHAR(36), kind ENUM('person','firm') NOT NULL, standing VARCHAR(4), remark TEXT DEFAULT 'new');
  CREATE TABLE bill (partner INT UNSIGNED NOT NULL, no VARCHAR(10) NOT NULL, net DECIMAL(14,2) NOT NULL, gross DECIMAL(14,2) NOT NULL,
    day DATE, PRIMARY KEY (partner, no), FOREIGN KEY (partner) REFERENCES partner (nr))`
const MAPPING = `version: 1
entities:
  partner:
    from: public.customer
    when: "id != '3'"
    fields:
      nr: id
      name: { expression: "first == null ? last : first + ' ' + last" }
      land: { from: land, values: { D: DE }, else: keep }
      born: born
      credit: credit
      active: is_open
      made: made
      vat: vat
      kind: { expression: "born == null ? 'firm' : 'person'" }
      standing: standing
    unmapped: [fax]
  bill:
    from: public.invoice
    fields:
      partner: customer
      no: { expression: "'R' + line" }
      net: net
      gross: { expression: "round(decimal(net) * decimal('1.19'), 2)" }
      day: day
`

testWithBoth('tables get another shape on another platform, to the cent', async (old, there) => {
  const systems = { old: inPostgres(old, OLD), new: inMariadb(there, NEW) }
  const { answer, holdfast, summary } = await aMigration({ ...systems, mapping: MAPPING })
  const migrate = ['restore', 'old@1', '--to', 'new', '--mapping', 'm.yaml']
  const { mappings } = await answer<{ mappings: { field: string; exact: boolean }[] }>(
    ...migrate,
    '--plan-only',
  )
  expect(mappings.find(({ field }) => field === 'credit')).toMatchObject({ exact: true })
  const first = await summary<{ restore: string }>(...migrate, '--yes')
  expect(first).toMatchObject({ inserted: 502, verified: { records: 502, different: 0 } })

  const partners = await there.query(
    `SELECT CONCAT_WS('|', nr, name, land, IFNULL(born, '-'), credit, active, IFNULL(CONVERT_TZ(made, @@session.time_zone, '+00:00'), '-'),
       IFNULL(vat, '-'), kind, IFNULL(standing, '-'), remark) AS line FROM partner ORDER BY nr`,
  )
  expect(partners).toEqual(
    await old.query(
      `select concat_ws('|', id, concat_ws(' ', first, last), case land when 'D' then 'DE' else land end, coalesce(born::text, '-'),
         credit::numeric(15,2), is_open::int, coalesce(to_char(made at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), '-'),
         coalesce(vat::text, '-'), case when born is null then 'firm' else 'person' end, coalesce(standing::text, '-'), 'new') as line
       from customer where id <> 3 order by id`,
    ),
  )
  const bills = await there.query(
    `SELECT CONCAT_WS('|', partner, no, net, gross, day) AS line FROM bill ORDER BY partner, LENGTH(no), no`,
  )
  expect(bills).toHaveLength(500)
  expect(bills).toEqual(
    await old.query(
      `select concat_ws('|', customer, 'R' || line, net, round(net * 1.19, 2), day::date) as line
       from invoice order by customer, invoice.line`,
    ),
  )

  // The old system goes on; the new one has made a remark of its own.
  await old.query(`update customer set credit = 7 where id = 1; delete from invoice where line = 5;
    update invoice set net = net + 0.01 where line = 8`)
  await there.query(`UPDATE partner SET remark = 'ours'`)
  await summary('backup')
  const again = ['restore', 'old@latest', ...migrate.slice(2), '--confirm', 'new']
  expect(await summary(...again)).toMatchObject({ inserted: 0, updated: 2, extra: 1 })
  expect(await there.query('SELECT credit, remark FROM partner WHERE nr = 1')).toEqual([
    { credit: '7.00', remark: 'ours' },
  ])

  // What the other type does not hold is refused as a whole, and counted.
  await old.query(`update customer set credit = 0.001 where id <= 2`)
  await summary('backup')
  const refused = await holdfast(...again)
  expectFailure(refused, 2, 'migrate.value-refused')
  expect(refused.stderr).toContain(
    'partner credit: decimal(10,2) needs at most 2 digits behind the point: 2 records, the first public.customer:1',
  )
  expect(await there.query('SELECT COUNT(*) AS n FROM partner WHERE credit = 7')).toEqual([
    { n: '1' },
  ])
  await summary('undo', first.restore, '--confirm', 'new', '--skip-conflicts')
  expect(await there.query('SELECT nr FROM partner')).toEqual([{ nr: 1 }])
})
