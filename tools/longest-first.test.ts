import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LONGEST } from './longest-first.ts'
import { projectRoot } from './project-files.ts'

test('every file that is begun first is there, and named once', () => {
  expect(LONGEST.filter((path) => !existsSync(join(projectRoot, path)))).toEqual([])
  expect(new Set(LONGEST).size).toBe(LONGEST.length)
})
