import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const OLD = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT, fax TEXT);
  CREATE TABLE invoice (number TEXT PRIMARY KEY, customer INTEGER REFERENCES customer, company TEXT, currency TEXT, gross TEXT, open TEXT);
  CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT);
  INSERT INTO customer VALUES (1, 'Arndt GmbH', 'D', NULL), (2, 'Behn <AG>', 'A', '1'), (10, 'Cid SA', 'D', NULL);
  INSERT INTO invoice VALUES
    ('R1', 1, '0100', 'EUR', '119.00', '19.00'), ('R2', 2, '0100', 'EUR', '50.10', '50.10'),
    ('R3', 10, '0200', 'JPY', '1200', '0'), ('X1', 1, '0100', 'EUR', '0.10', '0.10');
  INSERT INTO log VALUES (1, 'secret')`
/** What somebody else's programme made of it, without us. */
const NEW = `
  CREATE TABLE partner (no TEXT PRIMARY KEY, full_name TEXT NOT NULL, land TEXT, origin TEXT);
  CREATE TABLE item (doc TEXT PRIMARY KEY, partner TEXT REFERENCES partner, bukrs TEXT, waers TEXT, rest DECIMAL_TEXT(12,2));
  INSERT INTO partner VALUES ('1', 'Arndt GmbH', 'DE', 'LEGACY'), ('2', 'Behn <AG>', 'AT', 'LEGACY'), ('10', 'Cid SA', 'DE', 'LEGACY');
  INSERT INTO item VALUES ('R1', '1', 'DE01', 'EUR', '19.00'), ('R2', '2', 'DE01', 'EUR', '50.10'), ('R3', '10', 'DE02', 'JPY', '0.00'), ('X1', '1', 'DE01', 'EUR', '0.10')`
const MAPPING = `version: 1
entities:
  main.partner:
    from: main.customer
    fields:
      no: id
      full_name: name
      land: { from: country, values: { D: DE, A: AT } }
      origin: { is: LEGACY }
    unmapped: [fax]
  main.item:
    from: main.invoice
    fields:
      doc: number
      partner: customer
      bukrs: { from: company, values: { '0100': DE01, '0200': DE02 } }
      waers: currency
      rest: open
    unmapped: [gross]
totals:
  - name: open receivables
    source: { entity: main.invoice, amount: open, by: [company, currency], when: decimal(open) != decimal("0") }
    target: { entity: main.item, amount: rest, by: [bukrs, waers], when: decimal(rest) != decimal("0") }
    values: { company: { '0100': DE01, '0200': DE02 } }
  - name: customers
    source: { entity: main.customer, amount: { is: 1 } }
    target: { entity: main.partner, amount: { is: 1 } }
`
const CONFIG = `sources:
  old: { connector: sqlite, file: ./old.db }
targets:
  new: { connector: sqlite, file: ./new.db }
`

test('a migration is held against its point: records, totals, a page to sign', async () => {
  const { answer, at, configure, holdfast } = await aTraveller()
  change(at('old.db'), OLD)
  change(at('new.db'), NEW)
  await configure(CONFIG)
  await writeFile(at('migration.yaml'), MAPPING)
  await holdfast('init')
  await holdfast('backup')
  const verify = ['verify', 'old@1', '--against', 'new', '--mapping', 'migration.yaml']
  const files = ['--page', 'a.html', '--differences', 'a.csv']
  expectFailure(await holdfast(...verify.slice(0, 4), '--page', 'a.html'), 2, 'cli.usage')

  const first = await answer<Reconciliation>(...verify, ...files)
  expect(first).toMatchObject({
    format: 'holdfast-reconciliation/1',
    verdict: 'same',
    point: { address: 'old@1' },
    target: { name: 'new', connector: 'sqlite' },
    mapping: { sha256: createHash('sha256').update(MAPPING).digest('hex') },
    entities: [
      {
        entity: 'main.partner',
        from: [{ entity: 'main.customer', records: 3, mapped: 3 }],
        same: 3,
      },
      { entity: 'main.item', source: { records: 4 }, target: { records: 4 } },
    ],
    notMigrated: [{ entity: 'main.log', records: 1 }],
    totals: [
      {
        verdict: 'same',
        by: ['company', 'currency'],
        groups: [
          { by: ['DE01', 'EUR'], source: { records: 3, amount: '69.20' }, difference: '0.00' },
        ],
      },
      {
        name: 'customers',
        verdict: 'same',
        groups: [{ by: [], source: { amount: '3.00' }, target: { amount: '3.00' } }],
      },
    ],
    differences: { count: 0, shown: [] },
  })
  const rows = '1\tArndt GmbH\tDE\tLEGACY\n10\tCid SA\tDE\tLEGACY\n2\tBehn <AG>\tAT\tLEGACY\n'
  const fingerprint = createHash('sha256').update(rows).digest('hex')
  expect(first.entities[0]).toMatchObject({ source: { fingerprint }, target: { fingerprint } })
  const again = await answer<Reconciliation>(...verify)
  expect(again.sha256).toBe(first.sha256)
  expect(again.lookedAt > first.lookedAt).toBe(true)
  expect(await readFile(at('a.html'), 'utf8')).toContain(first.sha256)
  expect(await hashOf(at('a.csv'))).toBe(first.differences.sha256)

  // A changed cent, a lost record, one too many, a name: each is found, with the record it comes from.
  change(
    at('new.db'),
    `UPDATE item SET rest = '50.09' WHERE doc = 'R2'; DELETE FROM item WHERE doc = 'X1';
     UPDATE partner SET full_name = 'Behn AG' WHERE no = '2'; INSERT INTO partner VALUES ('99', '', NULL, NULL)`,
  )
  const damaged = await holdfast(...verify, '--page', 'b.html', '--differences', 'b.csv')
  expect(damaged.exit).toBe(4)
  expect(damaged.stdout).toMatch(/^DE01 +EUR +69\.20 +69\.09 +-0\.11$/m)
  expect(damaged.stdout).toContain('different main.partner:"2" from main.customer:2  full_name')
  expect(damaged.stdout + damaged.stderr).not.toContain('Behn')
  expect(await readFile(at('b.csv'), 'utf8')).toBe(
    'kind,entity,key,from_entity,from_key,field,wanted,found\r\n' +
      'different,main.partner,"""2""",main.customer,2,full_name,Behn <AG>,Behn AG\r\n' +
      'extra,main.partner,"""99""",,,,,\r\n' +
      'different,main.item,R2,main.invoice,R2,rest,50.10,50.09\r\n' +
      'missing,main.item,X1,main.invoice,X1,,,\r\n',
  )
  const page = await readFile(at('b.html'), 'utf8')
  expect(page).toContain('Behn &lt;AG&gt;')
  expect(page).toContain('-0.11')
  expect(page).toContain(await hashOf(at('b.csv')))
  expectFailure(await holdfast(...verify, '--page', 'b.html'), 2, 'cli.file-not-writable')
})

test('a value map that is wrong on both sides is found by the totals', async () => {
  const { answerWith, at, configure, holdfast } = await aTraveller()
  change(at('old.db'), `${OLD}; UPDATE invoice SET open = '7' WHERE number = 'R3'`)
  change(at('new.db'), `${NEW}; UPDATE item SET bukrs = 'DE01'`)
  change(at('new.db'), `UPDATE item SET rest = '7.00' WHERE doc = 'R3'`)
  await configure(CONFIG)
  const wrong = MAPPING.replace("'0200': DE02 } }\n      waers", "'0200': DE01 } }\n      waers")
  await writeFile(at('migration.yaml'), wrong)
  await holdfast('init')
  await holdfast('backup')
  const verify = ['verify', 'old@1', '--against', 'new', '--mapping', 'migration.yaml']
  // Totals that fit nothing are refused before anything is migrated, not on the day of the proof.
  await writeFile(at('odd.yaml'), MAPPING.replace('amount: rest', 'amount: rst'))
  const odd = await holdfast(
    'restore',
    'old@1',
    '--to',
    'new',
    '--mapping',
    'odd.yaml',
    '--plan-only',
  )
  expectFailure(odd, 2, 'migrate.mapping-unfit')
  expect(odd.stderr).toContain('line 23: main.item has no field "rst"; did you mean "rest"?')
  expect(await answerWith(4, ...verify)).toMatchObject({
    verdict: 'differs',
    entities: [{ verdict: 'same' }, { verdict: 'same' }],
    totals: [
      {
        verdict: 'differs',
        groups: [
          { by: ['DE01', 'EUR'], difference: '0.00' },
          { by: ['DE01', 'JPY'], difference: '7.00' },
          { by: ['DE02', 'JPY'], difference: '-7.00' },
        ],
      },
      { name: 'customers', verdict: 'same' },
    ],
    differences: { count: 0 },
  })
})

test('records that the target numbered are found by the crosswalk, among those that were there', async () => {
  const { answerWith, at, configure, holdfast, summary } = await aTraveller()
  change(at('old.db'), OLD)
  change(
    at('new.db'),
    `CREATE TABLE partner (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO partner VALUES (7, 'ours')`,
  )
  await configure(CONFIG)
  const rule =
    'from: main.customer, key: mint, fields: { name: name }, unmapped: [id, country, fax]'
  await writeFile(at('migration.yaml'), `version: 1\nentities:\n  main.partner: { ${rule} }\n`)
  await holdfast('init')
  await holdfast('backup')
  const to = ['--mapping', 'migration.yaml']
  await summary('restore', 'old@1', '--to', 'new', ...to, '--confirm', 'new')
  const verify = ['verify', 'old@1', '--against', 'new', ...to]
  expect(await answerWith(0, ...verify, '--allow-extra')).toMatchObject({
    isExtraAllowed: true,
    entities: [{ verdict: 'same', same: 3, extra: 1 }],
    differences: { count: 0 },
  })
  change(
    at('new.db'),
    `UPDATE partner SET name = 'Cid' WHERE id = 10; DELETE FROM partner WHERE id = 8`,
  )
  expect(await answerWith(4, ...verify, '--allow-extra')).toMatchObject({
    differences: {
      shown: [
        { kind: 'missing', key: '8', from: { entity: 'main.customer', key: '1' } },
        {
          kind: 'different',
          key: '10',
          from: { entity: 'main.customer', key: '10' },
          fields: [{ field: 'name', wanted: 'Cid SA', found: 'Cid' }],
        },
      ],
    },
  })
})

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

type Reconciliation = {
  readonly sha256: string
  readonly lookedAt: string
  readonly entities: readonly unknown[]
  readonly differences: { readonly sha256: string }
}
