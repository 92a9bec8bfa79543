import { expect, test } from 'vitest'
import { formatMatches } from './format-customer.ts'
import { formatProposals } from './format-identity.ts'

const nothing = { points: [], live: [], found: 0, matches: [] }

test('formatMatches() says why nothing was looked at', () => {
  expect(formatMatches(nothing)).toBe(
    '0 found at no point: the customer map names no source that has one.\n',
  )
  expect(formatMatches({ ...nothing, points: ['crm@1', 'erp@2'] })).toBe(
    '0 found at crm@1, erp@2.\n',
  )
})

test('formatMatches() shortens a name that nothing could stand beside', () => {
  const at = { source: 'crm', entity: 'main.account', key: '1' }
  const match = { ...at, role: 'customer', name: 'x'.repeat(5000), by: 'name', customer: at }
  const text = formatMatches({ points: ['crm@1'], found: 1, matches: [match] })
  expect(text).toMatch(/^crm +main.account +1 +x{59}… +name +crm 1$/m)
})

test('formatProposals() says why nothing was compared', () => {
  const matched = { points: [], proposals: [], parties: 0, compared: 0 }
  expect(formatProposals(matched)).toContain('at no point: the customer map names no source')
})
