import { expect, test } from 'vitest'
import { formatSideEffects } from './format-side-effects.ts'

const aTrigger = (name: string, state: 'quiet' | 'runs') => {
  return { kind: 'trigger', name, entity: 'public.mail', state }
}

test('formatSideEffects() names what runs, and what is kept quiet', () => {
  const nightly = { kind: 'event', name: 'nightly\n', entity: null, state: 'runs' as const }
  expect(formatSideEffects([aTrigger('send', 'quiet'), nightly])).toBe(
    `runs by itself, and cannot be kept from it:
  event nightly\\n
kept quiet while it writes:
  trigger send on public.mail
`,
  )
  expect(formatSideEffects([])).toBe('')
})

test('formatSideEffects() counts many that are quiet, and names all that run', () => {
  const many = (state: 'quiet' | 'runs') =>
    Array.from({ length: 12 }, (_, i) => aTrigger(`t${i}`, state))
  expect(formatSideEffects(many('quiet'))).toBe(
    'kept quiet while it writes (names with --json): trigger (12)\n',
  )
  expect(formatSideEffects(many('runs')).split('\n')).toHaveLength(14)
})
