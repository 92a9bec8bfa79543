import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import { type ControlTotal, fieldsOfPart } from './control-totals.ts'
import { sumTotal } from './sum-totals.ts'

type Row = Readonly<Record<string, string>>

const TOTAL: ControlTotal = {
  name: 'open',
  source: [
    { entity: parseEntityName('old.invoice'), amount: 'gross', by: ['company'], side: 'debit' },
    { entity: parseEntityName('old.paid'), amount: 'amount', by: ['company'], side: 'credit' },
  ],
  target: [{ entity: parseEntityName('new.item'), amount: 'rest', by: ['bukrs'], side: 'debit' }],
  values: { company: { '1': 'DE' }, bukrs: { DE: 'never asked of the target' } },
}
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'old.invoice': [
    { company: '1', gross: '100.00' },
    { company: '2', gross: '7' },
  ],
  'old.paid': [{ company: '1', amount: '40.10' }],
  'new.item': [{ bukrs: 'DE', rest: '59.90' }],
}

test('a total sums up all parts of a side, each under the names of the target', async () => {
  const sums = await sumTotal(TOTAL, async function* (part) {
    const fields = fieldsOfPart(part)
    for (const row of ROWS[part.entity] ?? []) yield [fields.map((field) => row[field] ?? null)]
  })
  expect(sums).toMatchObject({
    verdict: 'differs',
    groups: [
      { by: ['2'], difference: '-7.00' },
      { by: ['DE'], difference: '0.00', source: { records: 2, amount: '59.90' } },
    ],
  })
})
