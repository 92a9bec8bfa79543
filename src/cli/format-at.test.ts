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

test('formatProposals() says why nothing was compared', () => {
  const matched = { points: [], proposals: [], parties: 0, compared: 0 }
  expect(formatProposals(matched)).toContain('at no point: the customer map names no source')
})
