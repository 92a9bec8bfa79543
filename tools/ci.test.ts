import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from './project-files.ts'

type Outcome = { readonly name: string; readonly status: string }

function count(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-count-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const program = join(projectRoot, 'tools/count-tests.mjs')
    const { status, stdout } = spawnSync(process.execPath, [program, folder], { encoding: 'utf8' })
    return { status, lastLine: stdout.trimEnd().split('\n').at(-1), stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function report(outcomes: readonly Outcome[], status = 'passed'): string {
  const assertionResults = outcomes.map(({ name, status }) => ({ fullName: name, status }))
  return JSON.stringify({ testResults: [{ name: 'a.test.ts', status, assertionResults }] })
}

const passing = { name: 'works', status: 'passed' }
const failing = { name: 'breaks', status: 'failed' }

test('count-tests adds up several runs', () => {
  const files = { '1.json': report([passing, passing]), '2.json': report([passing]) }
  expect(count(files)).toMatchObject({ status: 0, lastLine: '3 passed, 0 failed' })
})

test('count-tests fails for a failing test and names it', () => {
  const counted = count({ '1.json': report([passing, failing]), 'x.failed': 'test:unit\n' })
  expect(counted).toMatchObject({ status: 1, lastLine: '1 passed, 1 failed' })
  expect(counted.stdout).toContain('FAILED  a.test.ts breaks')
})

test('count-tests counts a file that did not load', () => {
  expect(count({ '1.json': report([], 'failed') })).toMatchObject({
    status: 1,
    lastLine: '0 passed, 1 failed',
  })
})

test('count-tests counts a command that failed without a test', () => {
  const files = { '1.json': report([passing]), 'x.failed': 'types\ntest:unit\n' }
  expect(count(files)).toMatchObject({ status: 1, lastLine: '1 passed, 2 failed' })
})

test('count-tests fails when nothing ran', () => {
  expect(count({})).toMatchObject({ status: 1, lastLine: '0 passed, 1 failed' })
})
