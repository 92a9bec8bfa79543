import { expect, test } from 'vitest'
import { ROOMS } from '../rooms.ts'
import { readSources } from './project-files.ts'
import { findShutDoors, findTableProblems, readImports } from './rooms.ts'

test('every import under src/ uses a door that rooms.ts opens', () => {
  const files = readSources('src')
  expect(files.length).toBeGreaterThan(10)
  expect(findShutDoors(files, ROOMS)).toEqual([])
})

test('rooms.ts opens doors only to rooms that stand above, so it has no cycle', () => {
  expect(findTableProblems(ROOMS)).toEqual([])
})

const rooms = [
  { name: 'a', does: '', doors: [] },
  { name: 'b', does: '', doors: ['a'] },
  { name: 'main', does: '', doors: ['a', 'b'] },
]

test.each([
  ['a shut door', 'src/a/x.ts', `import { y } from '#b/y'`],
  ['a shut door, loaded late', 'src/a/x.ts', `const y = await import('#b/y')`],
  ['a shut door, re-exported', 'src/a/x.ts', `export { y } from "#b/y"`],
  ['a shut door, for its side effect', 'src/a/x.ts', `import '#b/y'`],
  ['a shut door, over several lines', 'src/a/x.ts', `import {\n  y,\n} from '#b/y'`],
  ['a way out of the room', 'src/b/x.ts', `import { y } from '../a/y.ts'`],
  ['a private sub-folder', 'src/b/x.ts', `import { y } from '#a/inner/y'`],
  ['a test kit in source', 'src/b/x.ts', `import { y } from '#a/testing/y'`],
  ['its own test kit in source', 'src/b/x.ts', `import { y } from './testing/y.ts'`],
  ['a test server in source', 'src/b/x.ts', `import { y } from '#test/servers/y'`],
  ['a door with extension', 'src/b/x.ts', `import { y } from '#a/y.ts'`],
  ['a ./ import without extension', 'src/b/x.ts', `import { y } from './y'`],
  ['a door to its own room', 'src/b/x.ts', `import { y } from '#b/y'`],
  ['a room that nobody listed', 'src/c/x.ts', `import { y } from '#a/y'`],
])('findShutDoors() reports %s', (_, path, text) => {
  expect(findShutDoors([{ path, text }], rooms)).toHaveLength(1)
})

test.each([
  ['an open door', 'src/b/x.ts', `import { y } from '#a/y'`],
  ['its own sub-folder', 'src/b/x.ts', `import { y } from './inner/y.ts'`],
  ['a way up inside the room', 'src/b/inner/x.ts', `import { y } from '../y.ts'`],
  ['a sub-folder from main', 'src/main/x.ts', `import { y } from '#a/inner/y'`],
  ['a test kit in a test', 'src/b/x.test.ts', `import { y } from '#a/testing/y'`],
  ['a test server in a test', 'src/b/x.pg.test.ts', `import { y } from '#test/servers/y'`],
  ['a package', 'src/b/x.ts', `import { z } from 'zod'`],
  ['a comment', 'src/a/x.ts', `// import { y } from '#b/y'`],
])('findShutDoors() lets %s pass', (_, path, text) => {
  expect(findShutDoors([{ path, text }], rooms)).toEqual([])
})

test('findTableProblems() reports a cycle, an unknown room and a repeated one', () => {
  const table = [
    { name: 'a', does: '', doors: ['b'] },
    { name: 'b', does: '', doors: ['a', 'nowhere'] },
    { name: 'b', does: '', doors: [] },
  ]
  expect(findTableProblems(table)).toHaveLength(3)
})

test('readImports() finds type imports', () => {
  expect(readImports(`import type { A } from '#a/x'`)).toEqual(['#a/x'])
})
