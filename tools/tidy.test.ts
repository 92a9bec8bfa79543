import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOMS } from '../rooms.ts'
import { listFiles, projectRoot, readProjectFile, readSources } from './project-files.ts'
import { countCodeLines, findReadmeProblems, findUntidy, RULES } from './tidy.ts'

const FILE_BYTES_MAX = 256 * 1024
/** Comments that silence the linter, each with its reason. This number may only fall. */
const SILENCED_MAX = 12
/** Generated, or not ours to shorten. */
const MAY_BE_LARGE = ['package-lock.json']
const TEXT = /\.(ts|mjs|cjs|js|json|md|sh|yml|yaml|sql|svg)$|^(bin\/holdfast|\.ci\/run)$/

const ownFiles = ['bin', 'bench', 'docs', 'src', 'test', 'tools', '.ci', '.']
  .flatMap((folder) => listOwn(folder))
  .filter((path) => !MAY_BE_LARGE.includes(path))

function listOwn(folder: string): string[] {
  try {
    const files = listFiles(folder).map((path) => path.replace(/^\.\//, ''))
    return folder === '.' ? files.filter((path) => !path.includes('/')) : files
  } catch {
    return []
  }
}

test('every file of the project keeps every rule', () => {
  const files = ownFiles
    .filter((path) => TEXT.test(path))
    .map((path) => ({ path, text: readProjectFile(path) }))
  expect(files.length).toBeGreaterThan(30)
  expect(findUntidy(files, RULES)).toEqual([])
})

test('the linter is silenced no more often than before', () => {
  const silenced = ownFiles
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.startsWith('tools/tidy'))
    .flatMap((path) => readProjectFile(path).match(/biome-ignore/g) ?? [])
  expect(silenced.length).toBeLessThanOrEqual(SILENCED_MAX)
})

test('no file is over 256 KiB', () => {
  const large = ownFiles.filter((path) => statSync(`${projectRoot}${path}`).size > FILE_BYTES_MAX)
  expect(large).toEqual([])
})

test('every room has a README of at most 60 lines', () => {
  const present = new Set(readSources('src').map(({ path }) => path.split('/')[1]))
  const rooms = ROOMS.map(({ name }) => name).filter((name) => present.has(name))
  const readmes = ownFiles
    .filter((path) => /^src\/\w+\/README\.md$/.test(path))
    .map((path) => ({ path, text: readProjectFile(path) }))
  expect(findReadmeProblems(rooms, readmes)).toEqual([])
})

test.each([
  ['a long file', 'src/a/x.ts', 'let a = 1\n'.repeat(401)],
  ['a banned word', 'src/a/x.ts', 'const primaryPk = 1'],
  ['a banned word in a type', 'src/a/x.ts', 'type VaultManager = 1'],
  ['the time', 'src/a/x.ts', 'const t = Date.now()'],
  ['the time as a date', 'src/a/x.ts', 'const t = new Date()'],
  ['chance', 'src/a/x.ts', 'const r = Math.random()'],
  ['chance in a test', 'test/x.ts', 'const r = Math.random()'],
  ['random bytes', 'src/seal/x.ts', 'const r = randomBytes(32)'],
  ['the environment', 'src/cli/x.ts', `const e = process.env['A']`],
  ['printing', 'src/a/x.ts', `console.log('x')`],
  ['printing to a stream', 'src/a/x.ts', `process.stdout.write('x')`],
  ['the end of the process', 'src/cli/x.ts', 'process.exit(1)'],
  ['a mocked module', 'src/a/x.test.ts', `vi.mock('node:fs')`],
  ['a test run alone', 'src/a/x.test.ts', `test.only('x', () => {})`],
  ['an intention', 'src/a/x.ts', '// TODO later'],
  ['an intention in a page', 'docs/x.md', 'TODO write this'],
  ['a path of one machine', 'docs/x.md', 'see /work/main/x'],
  ['a registry', 'docs/x.md', 'from registry.npmjs.org'],
  ['a silenced linter', 'src/a/x.ts', '// biome-ignore lint/style/x'],
  ['a silenced compiler', 'src/a/x.ts', '// @ts-ignore'],
])('RULES report %s once', (_, path, text) => {
  expect(findUntidy([{ path, text }], RULES)).toHaveLength(1)
})

test.each([
  ['400 lines and many comments', 'src/a/x.ts', `let a = 1\n${'// a\n\n'.repeat(300)}`],
  ['a banned word inside another', 'src/a/x.ts', 'const agcount = reported'],
  ['a banned word in text', 'src/a/x.ts', `const t = 'repository'`],
  ['a banned word where it is foreign', 'src/connector/postgres/x.ts', 'const oid = 1'],
  ['the time in a test', 'src/a/x.test.ts', 'const t = Date.now()'],
  ['the time in a comment', 'src/a/x.ts', '// never Date.now()'],
  ['a date that is given', 'src/a/x.ts', 'const t = new Date(nowMs)'],
  ['the environment in config', 'src/config/x.ts', `process.env['A']`],
  ['a reasoned exception', 'src/a/x.ts', '// biome-ignore lint/style/x: the driver wants it'],
])('RULES let %s pass', (_, path, text) => {
  expect(findUntidy([{ path, text }], RULES)).toEqual([])
})

test('every rule has a seeded violation above', () => {
  // 13 rules, 20 seeds; a new rule changes this number and reminds its author of the seed.
  expect(RULES).toHaveLength(13)
})

test('findReadmeProblems() reports a missing and a long one', () => {
  const long = { path: 'src/b/README.md', text: 'x\n'.repeat(61) }
  const good = { path: 'src/c/README.md', text: 'x\n'.repeat(60) }
  expect(findReadmeProblems(['a', 'b', 'c'], [long, good])).toHaveLength(2)
})

test('countCodeLines() does not count comments and blank lines', () => {
  const text = `/**\n * doc\n */\nconst a = 1 // why\n\n// alone\nconst url = 'http://x'\n`
  expect(countCodeLines(text)).toBe(2)
})
