import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from './secret.ts'

test('Secret reveals its value only when asked', () => {
  expect(new Secret('hunter2').reveal()).toBe('hunter2')
})

test('Secret hides its value from text, JSON, inspection and spreading', () => {
  const secret = new Secret('hunter2')
  const shown = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
    format('%s %o %j', secret, secret, secret),
    JSON.stringify({ ...secret }),
  ]
  for (const text of shown) expect(text).not.toContain('hunter2')
  expect(shown[1]).toBe('{"secret":"[secret]"}')
})
