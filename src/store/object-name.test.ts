import { expect, test } from 'vitest'
import { isObjectName, parseObjectName } from './object-name.ts'

test.each(['vault.json', 'timelines/erp/0000000001.entry', 'a/.b/c..d', 'A-_.9'])(
  'parseObjectName() takes %s',
  (text) => expect(parseObjectName(text)).toBe(text),
)

test.each([
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  'a/./b',
  'a b',
  'a\\b',
  'a\u0000',
  'ä',
  '~tmp/x',
  'a\n',
  'x'.repeat(201),
  `${'x/'.repeat(256)}x`,
])('parseObjectName() refuses %j', (text) => {
  expect(isObjectName(text)).toBe(false)
  expect(() => parseObjectName(text)).toThrow(
    expect.objectContaining({ code: 'store.name-invalid' }),
  )
})
