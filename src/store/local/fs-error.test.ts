import { expect, test } from 'vitest'
import { translateFsError } from './fs-error.ts'

test.each([
  ['ENOSPC', 'store.full'],
  ['EDQUOT', 'store.full'],
  ['EACCES', 'store.denied'],
  ['EROFS', 'store.denied'],
  ['ENOENT', 'store.unavailable'],
  ['EIO', 'store.unavailable'],
  ['EHOSTDOWN', 'store.unavailable'],
])('translateFsError() makes %s a %s and keeps the cause', (errno, code) => {
  const cause = Object.assign(new Error('from the system'), { code: errno })
  const error = translateFsError(cause, 'Cannot write object "a" to "/vault"')
  expect(error).toMatchObject({ code, cause, details: { errno } })
  expect(error.message).toMatch(/^Cannot write object "a" to "\/vault": [a-z]/)
})
