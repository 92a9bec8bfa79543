import { expect, test } from 'vitest'
import { formatBreaksCsv, formatReceivablesCsv } from './format-receivables-csv.ts'
import { formatReceivablesPage } from './format-receivables-page.ts'
import type { Receivables } from './receivables.ts'

const REPORT: Receivables = {
  asOf: '2026-06-30',
  points: ['billing@2', 'erp@2'],
  verdict: 'differs',
  columns: ['not due', '1-30', 'over 30', 'no due date', 'not applied'],
  groups: [
    {
      companyCode: '01,"0',
      currency: 'EUR',
      items: 3,
      amounts: ['1000.00', '250.00', '0.00', '0.00', '-50.00'],
      total: '1200.00',
      disputed: '10.00',
      later: '0.00',
      control: '1234567.89',
      accounts: [{ account: '140000', period: '2026-06', balance: '1234567.89' }],
      difference: '1233367.89',
    },
  ],
  breaks: [
    {
      kind: 'open-differs',
      help: 'The system calls another amount open',
      count: 70,
      shown: [
        {
          source: 'billing',
          entity: 'main.invoice',
          number: ['<b>', null],
          companyCode: '01,"0',
          currency: 'EUR',
          amounts: { recorded: '1.00', computed: null },
        },
      ],
    },
  ],
}

test('the ageing and the breaks are CSV with a header, quoted where it has to be', () => {
  expect(formatReceivablesCsv(REPORT, { proven: false })).toBe(
    'as_of,company_code,currency,items,not_due,1_30,over_30,no_due_date,not_applied,total,disputed,later,control,difference,points,proven\r\n' +
      '2026-06-30,"01,""0",EUR,3,1000.00,250.00,0.00,0.00,-50.00,1200.00,10.00,0.00,1234567.89,1233367.89,billing@2 erp@2,false\r\n',
  )
  expect(formatBreaksCsv(REPORT).split('\r\n')[1]).toBe(
    '2026-06-30,open-differs,70,billing,main.invoice,<b> –,"01,""0",EUR,,,,,1.00,,,,',
  )
})

test('the page needs nothing else, lets no text become markup, and says what is unproven', () => {
  const page = formatReceivablesPage(REPORT, { unproven: 'billing@2 is <unproven>' })
  expect(page).toContain('Unproven: billing@2 is &lt;unproven&gt;')
  expect(page).toContain('&lt;b&gt;')
  expect(page).not.toContain('<b> –')
  expect(page).toContain('The first 1 of 70.')
  expect(page).toContain('1\u202f234\u202f567.89')
  expect(page.match(/https?:|<script|url\(/g)).toBeNull()
  expect(formatReceivablesPage(REPORT, { unproven: undefined })).not.toContain('Unproven')
})

test('the bars of the chart meet, and what is owed to customers is no bar', () => {
  const page = formatReceivablesPage(REPORT, { unproven: undefined })
  const bars = Array.from(
    page.matchAll(/<rect class="(age-[^"]+)" x="([\d.]+)" y="\d+" width="(\d+\.\d)"/g),
  )
  expect(bars.map(([, colour, x, width]) => [colour, x, width])).toEqual([
    ['age-0', '90.0', '608.0'],
    ['age-1', '698.0', '152.0'],
  ])
})
