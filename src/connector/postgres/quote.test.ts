import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import { quoteEntity, quoteLiteral, quoteName } from './quote.ts'

test('quoteName() quotes always and doubles quotes', () => {
  expect(quoteName('a"b')).toBe('"a""b"')
})

test('quoteEntity() splits at the dot between names only', () => {
  expect(quoteEntity(parseEntityName('public."a.b"'))).toBe('"public"."a.b"')
})

test('quoteLiteral() is safe whatever the server does with backslashes', () => {
  expect(quoteLiteral("it's")).toBe("'it''s'")
  expect(quoteLiteral("\\'; drop table t; --")).toBe("E'\\\\''; drop table t; --'")
})
