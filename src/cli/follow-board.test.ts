import { expect, test } from 'vitest'
import { describeComparison } from './follow-board.ts'

test.each([
  [3, 3, 0, ', 3 of them compared with what the feed had told: alike'],
  [
    3,
    2,
    0,
    ', 2 of them compared with what the feed had told: alike; the other 1 it had not told whole',
  ],
  [3, 3, 5, ', 3 of them compared with what the feed had told: 5 changes put right'],
  [3, 0, 0, ', none of which the feed had told whole'],
])(
  'describeComparison() of %i entities, %i compared, %i changes',
  (count, compared, told, text) => {
    const summary = { entities: Array.from({ length: count }) }
    expect(describeComparison({ compared, repairs: { told, others: 4 }, summary })).toBe(text)
  },
)
