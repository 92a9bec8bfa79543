import { expect } from 'vitest'
import { aMigration, inMariadb, inPostgres, testWithBoth } from './testing/a-migration.ts'

const OLD = `create table invoice (id bigint primary key, company int not null, is_open boolean not null, net numeric(15,4), paid money);
  insert into invoice select n, n % 3, n % 2 = 0, n * 0.25, null from generate_series(1, 1000) n`
/** Not by us: sums that are right in a way of their own. */
const NEW = `CREATE TABLE item (nr INT UNSIGNED PRIMARY KEY, bukrs CHAR(4) NOT NULL, open TINYINT(1) NOT NULL CHECK (open IN (0,1)), amount DECIMAL(12,2));
  INSERT INTO item SELECT seq, CONCAT('C', LPAD(seq % 3, 3, '0')), seq % 2 = 0, seq * 0.25 FROM seq_1_to_1000`
const MAPPING = `version: 1
entities:
  item:
    from: public.invoice
    fields:
      nr: id
      bukrs: { from: company, values: { 0: C000, 1: C001, 2: C002 } }
      open: is_open
      amount: net
    unmapped: [paid]
totals:
  - name: open
    source: { entity: public.invoice, amount: net, by: [company, is_open], when: is_open == 'true' }
    target: { entity: item, amount: amount, by: [bukrs, open], when: open == 'true' }
    values: { company: { 0: C000, 1: C001, 2: C002 } }
`

testWithBoth(
  'records and totals of two platforms are held against each other',
  async (old, there) => {
    const systems = { old: inPostgres(old, OLD), new: inMariadb(there, NEW) }
    const { answer, answerWith } = await aMigration({ ...systems, mapping: MAPPING })
    const verify = ['verify', 'old@1', '--against', 'new', '--mapping', 'm.yaml']
    const equal = { by: ['C002', 'true'], difference: '0.00' }
    expect(await answer(...verify)).toMatchObject({
      verdict: 'same',
      entities: [{ same: 1000 }],
      totals: [{ groups: [{ by: ['C000', 'true'] }, { by: ['C001', 'true'] }, equal] }],
    })
    await there.query(`UPDATE item SET amount = amount + 0.01 WHERE nr = 500`)
    expect(await answerWith(4, ...verify)).toMatchObject({
      totals: [{ groups: [{}, {}, { by: ['C002', 'true'], difference: '0.01' }] }],
      differences: {
        shown: [{ key: '500', fields: [{ wanted: '125.00', found: '125.01' }] }],
      },
    })
  },
)
