import { expect, test } from 'vitest'
import { type EntityName, parseEntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import { formatRow } from '#record/row-text'
import type { ControlTotal } from './control-totals.ts'
import { type CountsOf, type ReadRows, sumTotal } from './sum-totals.ts'

type Row = Readonly<Record<string, string | null>>

/** Rows by entity, as a system would stream them. */
function reading(tables: Readonly<Record<string, readonly Row[]>>): ReadRows {
  return async function* read(entity: EntityName, fields): AsyncGenerator<RowBatch> {
    const rows = tables[entity] ?? []
    const text = rows.map((row) => formatRow(fields.map((field) => row[field] ?? null))).join('')
    yield { kind: 'rows', bytes: new Uint8Array(Buffer.from(text)) }
  }
}

const INVOICE = parseEntityName('main.invoice')
const TOTAL: ControlTotal = {
  name: 'open',
  source: [
    { entity: INVOICE, amount: 'gross', by: ['company'], side: 'debit' },
    { entity: parseEntityName('main.paid'), amount: 'amount', by: ['company'], side: 'credit' },
  ],
  target: [{ entity: parseEntityName('main.item'), amount: 'rest', by: ['bukrs'], side: 'debit' }],
  values: { company: { '1': 'DE' } },
}
const source = reading({
  'main.invoice': [
    { gross: '100.00', company: '1', state: 'open' },
    { gross: '999.00', company: '1', state: 'draft' },
  ],
  'main.paid': [{ amount: '40.10', company: '1' }],
})
const target = reading({ 'main.item': [{ rest: '59.90', bukrs: 'DE' }] })
const countsOf: CountsOf = ({ entity }) =>
  entity === INVOICE ? { fields: ['state'], counts: ([state]) => state === 'open' } : null

test('a total sums up several entities of a side, and what does not count is left out', async () => {
  expect(await sumTotal(TOTAL, { source, target, countsOf })).toMatchObject({
    verdict: 'same',
    groups: [{ by: ['DE'], source: { records: 2, amount: '59.90' }, target: { records: 1 } }],
  })
  expect(await sumTotal(TOTAL, { source, target, countsOf: () => null })).toMatchObject({
    verdict: 'differs',
    groups: [{ difference: '-999.00' }],
  })
})
