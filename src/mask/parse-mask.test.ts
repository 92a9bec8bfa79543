import { expect, test } from 'vitest'
import { parseMask } from './parse-mask.ts'

test('a mask file is read with the lines of its rules', () => {
  const mask = parseMask(
    'version: 1\nkeyFile: ./k\nunlisted: redact\nfields:\n  email: email\nsources:\n  crm:\n    main.contact:\n      name: name\n',
    'mask.yaml',
  )
  expect(mask).toMatchObject({ keyFile: './k', unlisted: 'redact' })
  expect(mask.fields.get('email')).toEqual({ masker: 'email', line: 5 })
  expect(mask.sources.get('crm')?.get('main.contact')).toEqual({
    line: 8,
    fields: new Map([['name', { masker: 'name', line: 9 }]]),
  })
})

test('everything wrong with a mask file is said at once, with its line', () => {
  const text =
    'version: 1\nunlistd: keep\nfields:\n  mail: emial\nsources:\n  crm:\n    a.b: { c: 7 }\n'
  expect(() => parseMask(text, 'mask.yaml')).toThrow(
    expect.objectContaining({
      code: 'mask.file-invalid',
      message: expect.stringMatching(
        /line 2: "unlistd" .*unlisted[\s\S]*line 4: .*"emial".*email[\s\S]*line 7/,
      ),
    }),
  )
  expect(() => parseMask('version: 1\nsources: { crm: { "a b": { c: name } } }\n', 'm')).toThrow(
    'line 2: "a b" is no entity',
  )
})
