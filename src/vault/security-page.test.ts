import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/security.md', root), 'utf8')

test('every test that docs/security.md names is there', () => {
  const named = [...page.matchAll(/`(src\/[^`]+\.test\.ts)`:\s+"([^"]+)"/g)]
  expect(named.length).toBeGreaterThan(15)
  for (const [, path = '', name = ''] of named) {
    const text = readFileSync(new URL(path, root), 'utf8')
    expect(text, path).toContain(name.replaceAll(/\s+/g, ' '))
  }
})
