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
