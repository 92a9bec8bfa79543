import { expect, test } from 'vitest'
import type { ShownCustomer, ShownCustomerRecord } from '#app/show-customer'
import { drawCustomer } from './draw-customer.ts'

const aRecord = (change: Partial<ShownCustomerRecord>): ShownCustomerRecord => ({
  source: 'erp',
  entity: 'main.item',
  role: 'other',
  key: '1',
  way: 'child',
  of: 0,
  name: null,
  fields: {},
  large: {},
  ...change,
})

const shown: ShownCustomer = {
  points: ['erp@1'],
  isWhole: true,
  bounded: [],
  records: [
    aRecord({ entity: 'main.customer', key: '7', way: 'root', of: null, name: 'A "B" <i>\\' }),
    ...['1', '2', '3', '4', '5', '6', '7'].map((key) => aRecord({ key })),
    aRecord({ entity: 'main.part', key: 'x', of: 1 }),
    aRecord({ entity: 'main.part', key: 'y', of: 7 }),
    aRecord({ entity: 'main.country', key: 'DE', way: 'needed', of: 0 }),
  ],
}

test('drawCustomer() draws the first few of a kind, and nothing below what it leaves out', () => {
  const dot = drawCustomer(shown, { picture: 'dot', isAll: false })
  expect(dot).toContain('r0 [label="erp main.customer\\n7\\nA \\"B\\" <i>\\\\"];')
  expect(dot).toContain('m1 [label="erp main.item\\nand 2 more"];')
  expect(dot).toContain('r1 -> r8 [label="child"];')
  expect(dot).toContain('r10 [label="erp main.country\\nDE", style=dashed];')
  expect(dot).not.toContain('r9 ')
  expect(drawCustomer(shown, { picture: 'dot', isAll: true })).toContain(
    'r7 -> r9 [label="child"];',
  )
})

test('drawCustomer() writes Mermaid in which no name is markup', () => {
  const text = drawCustomer(shown, { picture: 'mermaid', isAll: false })
  expect(text.split('\n')[1]).toBe('  r0["erp main.customer<br>7<br>A #34;B#34; #60;i#62;#92;"]')
  expect(text).toContain('  r0 -.->|needed| r10')
})

test('drawCustomer() writes a page in which no value is markup, and which reaches for nothing', () => {
  const [root, ...others] = shown.records
  const fields = { note: '</td><script>alert(1)</script>', empty: null, photo: null }
  const records = [{ ...(root ?? aRecord({})), fields, large: { photo: 70_000 } }, ...others]
  const bounded = [
    { line: 1, source: 'erp', entity: '<b>', fields: [], of: 0, found: 9000, taken: 7 },
  ]
  const page = drawCustomer({ ...shown, records, bounded }, { picture: 'html', isAll: false })
  expect(page).toContain('<title>Customer A &quot;B&quot; &lt;i&gt;\\ – Holdfast</title>')
  expect(page).toContain('<td>&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;</td>')
  expect(page).toMatch(/70.000 bytes/)
  expect(page).toMatch(/7 of 9.000 erp &lt;b&gt;/)
  expect(page).not.toMatch(/<script|<i>|<b><|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
  expect(page).toContain("default-src 'none'")
  // A box for what is drawn, an arrow to each but the root; every record below, drawn or not.
  expect(page.match(/<rect /g)).toHaveLength(9)
  expect(page.match(/<path /g)).toHaveLength(8)
  expect(page.match(/<details>/g)).toHaveLength(records.length)
})

test('drawCustomer() puts no two boxes of a page in one place, however long a chain is', () => {
  const chain = Array.from({ length: 20_000 }, (_, i) =>
    aRecord({ key: String(i), of: i === 0 ? null : i - 1, way: i === 0 ? 'root' : 'child' }),
  )
  const page = drawCustomer({ ...shown, records: chain }, { picture: 'html', isAll: true })
  const places = [...page.matchAll(/<rect x="(\d+)" y="(\d+)"/g)].map(([, x, y]) => `${x} ${y}`)
  expect(new Set(places).size).toBe(20_000)
  const few = drawCustomer(shown, { picture: 'html', isAll: true })
  const all = [...few.matchAll(/<rect x="(\d+)" y="(\d+)"/g)].map(([, x, y]) => `${x} ${y}`)
  expect(new Set(all).size).toBe(shown.records.length)
})
