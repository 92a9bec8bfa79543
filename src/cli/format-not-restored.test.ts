import { expect, test } from 'vitest'
import { countKinds, listNames } from './format-not-restored.ts'

const aKind = (kind: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ kind, name: `public.${kind}_${i}` }))

test('countKinds() says many names in one line, and few one by one', () => {
  const many = [...aKind('function', 213), ...aKind('view', 4)]
  expect(countKinds(many)).toBe(
    'not restored, recorded by name only (names with --plan-only): function (213), view (4)\n',
  )
  const few = aKind('view', 2)
  expect(countKinds(few)).toBe(
    'not restored, recorded by name only:\n  view public.view_0\n  view public.view_1\n',
  )
  expect(listNames(many).split('\n')).toHaveLength(1 + 217 + 1)
})
