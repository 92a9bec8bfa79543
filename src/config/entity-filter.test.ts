import { expect, test } from 'vitest'
import { entityFilter, idleGlobs } from './entity-filter.ts'

test.each([
  ['public.*', 'public.customer', true],
  ['public.*', 'public."Order Lines"', true],
  ['public.*', 'public."a.b/c"', true],
  ['public.*', 'publicx.customer', false],
  ['public.*', 'sales.customer', false],
  ['*', 'Account', true],
  ['*', 'public.customer', true],
  ['*.customer', 'sales.customer', true],
  ['public.audit_*', 'public.audit_2026', true],
  ['public.audit_*', 'public.audit', false],
  ['public.{a,b}', 'public.b', true],
  ['public.[ab]', 'public.c', false],
  ['public.a?', 'public.ab', true],
  ['public."Order Lines"', 'public."Order Lines"', true],
  ['public."Order*"', 'public."Order Lines"', false],
  ['public."Order*"', 'public."Order*"', true],
  ['public."a(b)[c]{d}"', 'public."a(b)[c]{d}"', true],
  ['public."say ""hi"""', 'public."say ""hi"""', true],
  ['!public.a', 'public.b', false],
  ['public.Customer', 'public.customer', false],
  ['A_*', 'A_BusinessPartner', true],
  ['public.*', 'public."Größe 客户"', true],
])('entityFilter() with %s on %s gives %s', (glob, entity, expected) => {
  expect(entityFilter({ include: [glob], exclude: [] })(entity)).toBe(expected)
})

test('entityFilter() leaves out what an exclude matches', () => {
  const covers = entityFilter({ include: ['public.*'], exclude: ['public.audit_*', '*.tmp'] })
  expect(['public.customer', 'public.audit_log', 'public.tmp'].filter(covers)).toEqual([
    'public.customer',
  ])
})

test('idleGlobs() names globs that match nothing', () => {
  expect(idleGlobs(['public.*', 'sales.*'], ['public.customer'])).toEqual(['sales.*'])
})
