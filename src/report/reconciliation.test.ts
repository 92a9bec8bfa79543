import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import { DifferenceList } from './difference-list.ts'
import { formatReconciliationPage } from './format-reconciliation-page.ts'
import { type Difference, type ReconciliationFacts, sealReconciliation } from './reconciliation.ts'

const PARTNER = parseEntityName('main.partner')
const CUSTOMER = parseEntityName('main.customer')
const SHOWN: Difference = {
  kind: 'different',
  entity: PARTNER,
  key: 'A-1',
  from: { entity: CUSTOMER, key: '1' },
  fields: [
    { field: 'name', wanted: '<b>Ada</b>', found: null },
    { field: 'city', wanted: 'Bonn, "old"', found: '' },
  ],
}
const FACTS: ReconciliationFacts = {
  format: 'holdfast-reconciliation/1',
  verdict: 'differs',
  vault: 'v',
  point: { address: 'erp@3', time: '2026-06-30T22:00:00Z' },
  target: { name: 'next', connector: 'sqlite', system: '1:2', database: 'next.db' },
  mapping: { sha256: 'ab' },
  isExtraAllowed: false,
  entities: [
    {
      entity: PARTNER,
      verdict: 'differs',
      from: [{ entity: CUSTOMER, records: 1234, mapped: 1233 }],
      source: { records: 1233, fingerprint: 'aa' },
      target: { records: 1233, fingerprint: 'bb' },
      same: 1232,
      missing: 0,
      extra: 0,
      different: 1,
    },
  ],
  notMigrated: [{ entity: parseEntityName('main.log'), records: 7 }],
  totals: [
    {
      name: 'open <receivables>',
      verdict: 'differs',
      by: ['company', 'currency'],
      groups: [
        {
          by: ['0100', null],
          source: { records: 2, amount: '1234567.89', empty: 0, unreadable: 0 },
          target: { records: 2, amount: '1234567.88', empty: 0, unreadable: 1 },
          difference: '-0.01',
        },
      ],
    },
  ],
  differences: { count: 2000, sha256: 'cc', shown: [SHOWN] },
}
const OPTIONS = { lookedAt: '2026-07-01T00:00:00Z', unproven: undefined }

test('the list is hashed as it is written, line by line', () => {
  const list = new DifferenceList()
  const lost: Difference = { kind: 'missing', entity: PARTNER, key: 'B', from: null, fields: [] }
  const text = [SHOWN, lost].map((one) => list.add(one)).join('')
  expect(text).toBe(
    'different,main.partner,A-1,main.customer,1,name,<b>Ada</b>,\r\n' +
      'different,main.partner,A-1,main.customer,1,city,"Bonn, ""old""",""\r\n' +
      'missing,main.partner,B,,,,,\r\n',
  )
  const file = `kind,entity,key,from_entity,from_key,field,wanted,found\r\n${text}`
  const sha256 = createHash('sha256').update(file).digest('hex')
  expect(list.end()).toEqual({ count: 2, sha256, shown: [SHOWN, lost] })
})

test('the hash covers every fact, and the list by its own hash', () => {
  const { sha256 } = sealReconciliation(FACTS)
  expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  // As somebody with other tools works it out: sorted names, no white space.
  const sort = (_: string, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  const { shown: _, ...list } = FACTS.differences
  const text = JSON.stringify({ ...FACTS, differences: list }, sort)
  expect(sha256).toBe(createHash('sha256').update(text).digest('hex'))
  const { differences } = FACTS
  expect(sealReconciliation({ ...FACTS, differences: { ...differences, shown: [] } }).sha256).toBe(
    sha256,
  )
  const others: Partial<ReconciliationFacts>[] = [
    { verdict: 'same' },
    { vault: 'w' },
    { point: { ...FACTS.point, address: 'erp@4' } },
    { target: { ...FACTS.target, system: '1:3' } },
    { mapping: { sha256: 'ac' } },
    { isExtraAllowed: true },
    { entities: [] },
    { notMigrated: [] },
    { totals: [] },
    { differences: { ...differences, sha256: 'cd' } },
  ]
  const hashes = others.map((other) => sealReconciliation({ ...FACTS, ...other }).sha256)
  expect(new Set([sha256, ...hashes]).size).toBe(others.length + 1)
})

test('the page needs nothing else, lets no text become markup, and has lines to sign on', () => {
  const sealed = sealReconciliation(FACTS)
  const page = formatReconciliationPage(sealed, OPTIONS)
  expect(page).toBe(formatReconciliationPage(sealed, OPTIONS))
  expect(page).toContain('&lt;b&gt;Ada&lt;/b&gt;')
  expect(page).toContain('open &lt;receivables&gt;')
  expect(page).not.toContain('<b>Ada')
  expect(page.match(/https?:|<script|url\(/g)).toBeNull()
  expect(page).toContain('1\u202f233 of 1\u202f234')
  expect(page).toContain('main.log (7)')
  expect(page).toContain('1\u202f234\u202f567.88')
  expect(page).toContain('target: 1 that are no exact number')
  expect(page).toContain(`<code>${sealed.sha256}</code>`)
  expect(page).toContain('The first 1 of 2\u202f000.')
  expect(page).toContain('<th>Signature</th>')
  expect(page).not.toContain('Unproven:')
  const doubted = { ...OPTIONS, unproven: 'erp@3 is <unproven>' }
  expect(formatReconciliationPage(sealed, doubted)).toContain('Unproven: erp@3 is &lt;unproven&gt;')
})
