import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { formatErrorsPage, generatePages, replacePart } from './generated-pages.ts'
import { listFiles, projectRoot, readProjectFile } from './project-files.ts'

const LINES_MAX = 200
const pages = [...listFiles('docs'), 'README.md', 'CONTRIBUTING.md'].filter((path) =>
  path.endsWith('.md'),
)

test('the generated pages are current; if not, run npm run docs', async () => {
  for (const { path, text } of await generatePages()) {
    expect(readProjectFile(path), path).toBe(text)
  }
})

test('every link between pages leads to a file', () => {
  const broken = pages.flatMap((page) =>
    readLinks(readProjectFile(page))
      .map((link) => posix.join(posix.dirname(page), link))
      .filter((target) => !existsSync(`${projectRoot}${target}`))
      .map((target) => `${page} -> ${target}`),
  )
  expect(broken).toEqual([])
})

test('every test and source that a page names in full is there', () => {
  const missing = pages.flatMap((page) =>
    [...readProjectFile(page).matchAll(/`((?:src|test|bench|tools)\/[\w./-]+\.ts)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(`${projectRoot}${path}`))
      .map((path) => `${page} -> ${path}`),
  )
  expect(missing).toEqual([])
})

test('a page that people write has at most 200 lines', () => {
  const long = pages
    .filter((page) => !page.startsWith('docs/reference/'))
    .filter((page) => readProjectFile(page).split('\n').length > LINES_MAX)
  expect(long).toEqual([])
})

test('the map of the docs names every page', () => {
  const map = readProjectFile('docs/README.md')
  const missing = listFiles('docs')
    .filter((path) => path.endsWith('.md') && path !== 'docs/README.md')
    .map((path) => path.replace('docs/', ''))
    // A folder of many pages is named once.
    .filter((path) => !map.includes(`(${path})`) && !map.includes(`(${posix.dirname(path)}/)`))
  expect(missing).toEqual([])
})

test('readLinks() leaves out addresses and places in a page', () => {
  const text = '[a](b.md) [c](https://x.example) [d](#e) [f](g.md#h)'
  expect(readLinks(text)).toEqual(['b.md', 'g.md'])
})

test('formatErrorsPage() shows what a code means', () => {
  const spec = { status: 503, exit: 20, retry: 'later', help: 'Wait.' } as const
  const page = formatErrorsPage(new Map([['store', { 'store.unavailable': spec }]]))
  expect(page).toContain('### `store.unavailable`\n\nexit 20 · HTTP 503 · retry: later\n\nWait.')
})

test('replacePart() refuses a page without markers', () => {
  expect(replacePart('a\n<!-- x -->old<!-- /x -->b', 'x', 'new')).toContain('\n\nnew\n\n')
  expect(() => replacePart('a', 'x', 'new')).toThrow('markers')
})

function readLinks(text: string): string[] {
  return Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
    .filter((link) => !/^([a-z]+:|#)/.test(link))
    .map((link) => link.replace(/#.*$/, ''))
}
