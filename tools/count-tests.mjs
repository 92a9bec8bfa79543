// Adds up what `.ci/run` left in a folder: vitest's JSON reports, and lists of commands that failed.
// Names what failed and what was skipped, and prints "N passed, N failed" as its last line.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const directory = process.argv[2] ?? ''
const files = readdirSync(directory).map((name) => ({
  name,
  text: readFileSync(join(directory, name), 'utf8'),
}))

const reports = files.filter(({ name }) => name.endsWith('.json'))
const tests = reports.flatMap(({ text }) => JSON.parse(text).testResults.flatMap(readTests))
const failedCommands = files
  .filter(({ name }) => name.endsWith('.failed'))
  .flatMap(({ text }) => text.trim().split('\n'))

for (const { path, status, title } of tests) {
  if (status !== 'passed')
    console.log(`${status === 'failed' ? 'FAILED ' : 'skipped'} ${path} ${title}`)
}
for (const command of failedCommands) console.log(`FAILED  ${command}`)

const passed = tests.filter(({ status }) => status === 'passed').length
const failedTests = tests.filter(({ status }) => status === 'failed').length
// A command of tests that failed is told by its tests, unless there are none to tell it.
const otherFailures = failedCommands.filter((name) => failedTests === 0 || !name.startsWith('test'))
const nothingRan = passed + failedTests + otherFailures.length === 0 ? 1 : 0
const failed = failedTests + otherFailures.length + nothingRan
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function readTests(file) {
  const path = relative(process.cwd(), file.name)
  const found = file.assertionResults.map(({ fullName, status }) => ({
    path,
    status,
    title: fullName,
  }))
  const isSilent = file.status === 'failed' && !found.some(({ status }) => status === 'failed')
  return isSilent ? [...found, { path, status: 'failed', title: '(did not load)' }] : found
}
