import { expect, test } from 'vitest'
import { formatMappings } from './format-mappings.ts'

test('formatMappings() names what is not exact, and counts the rest', () => {
  const same = {
    entity: 'customer',
    field: 'id',
    from: 'integer',
    to: 'int',
    exact: true,
    why: null,
  }
  const text = {
    ...same,
    field: 'tags',
    from: 'text[]',
    to: 'longtext',
    exact: false,
    why: 'arrays',
  }
  const index = { ...text, field: null, from: 'x'.repeat(90), to: null, why: 'no such index' }
  const lines = formatMappings([same, text, index]).split('\n')
  expect(lines[0]).toBe('1 field is the same on the other platform; these are not:')
  expect(lines[2]).toMatch(/^customer +tags +text\[\] +longtext +arrays$/)
  expect(lines[3]).toMatch(/^customer +x{59}… +left out +no such index$/)
  expect(formatMappings([])).toBe('')
  expect(formatMappings([same])).not.toContain('not:')
})
