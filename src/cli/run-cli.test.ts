import { expect, test } from 'vitest'
import { runInMemory } from './testing/run-in-memory.ts'

test('runCli() prints the answer to standard output and nothing else', async () => {
  const run = await runInMemory(['explain', 'cli.usage'])
  expect(run).toMatchObject({ exit: 0, stderr: '' })
  expect(run.stdout).toContain('cli.usage  exit 2')
})

test('runCli() prints one JSON document with --json, before or after the command', async () => {
  const before = await runInMemory(['--json', 'explain', 'cli.usage'])
  const after = await runInMemory(['explain', 'cli.usage', '--json'])
  expect(JSON.parse(before.stdout)).toMatchObject({ code: 'cli.usage', exit: 2 })
  expect(after).toEqual(before)
})

test('runCli() explains every code without one', async () => {
  const { stdout } = await runInMemory(['explain', '--json'])
  const codes = (JSON.parse(stdout) as { code: string }[]).map(({ code }) => code)
  expect(codes).toContain('config.invalid')
  expect(codes).toContain('cli.interrupted')
})

test.each([
  [[], 'wanted a command'],
  [['expain'], "unknown command 'expain' (Did you mean explain?)"],
  [['explain', '--nonsense'], "unknown option '--nonsense'"],
  [['explain', 'a', 'b'], 'too many arguments'],
  [['--config'], "option '--config <FILE>' argument missing"],
])('runCli() refuses %j as usage, exit 2', async (argv, problem) => {
  const run = await runInMemory(argv)
  expect(run).toMatchObject({ exit: 2, stdout: '' })
  expect(run.stderr).toContain(problem)
  expect(run.stderr).toContain('What to do: ')
})

test('runCli() reports a failure as one JSON line with --json', async () => {
  const run = await runInMemory(['explain', 'no.such', '--json'])
  expect(run.exit).toBe(2)
  expect(JSON.parse(run.stderr)).toMatchObject({ type: 'error', code: 'app.code-unknown', exit: 2 })
})

test('runCli() refuses a misspelt variable of the environment', async () => {
  const run = await runInMemory(['explain'], { HOLDFAST_QIUET: '1' })
  expect(run.exit).toBe(2)
  expect(run.stderr).toContain('did you mean HOLDFAST_QUIET?')
})

test('runCli() prints the version and help to standard output', async () => {
  expect(await runInMemory(['--version'])).toEqual({ exit: 0, stdout: '1.2.3\n', stderr: '' })
  const help = await runInMemory(['--help'])
  expect(help.exit).toBe(0)
  expect(help.stdout).toContain('--no-input')
})
