import { expect, test } from 'vitest'
import { createOutput } from './output.ts'
import { createPaint } from './paint.ts'
import { keepText } from './testing/run-in-memory.ts'

function open(options: { isJson?: boolean; isQuiet?: boolean; isSlow?: boolean } = {}) {
  const { isJson = false, isQuiet = false, isSlow = false } = options
  const stdout = keepText(isSlow)
  const stderr = keepText()
  const paint = createPaint(false)
  const streams = { stdout: stdout.stream, stderr: stderr.stream }
  return { stdout, stderr, output: createOutput({ ...streams, isJson, isQuiet, paint }) }
}

test('createOutput() keeps data and remarks apart', async () => {
  const { output, stderr, stdout } = open()
  output.note('reading')
  await output.answer([1], () => 'one\n')
  output.warning({ code: 'a.b', message: 'careful' })
  expect([stdout.read(), stderr.read()]).toEqual(['one\n', 'reading\nwarning: careful (a.b)\n'])
})

test('createOutput() with --json keeps standard output for the one document', async () => {
  const { output, stderr, stdout } = open({ isJson: true })
  output.event({ type: 'progress' })
  output.warning({ code: 'a.b', message: 'careful' })
  await output.answer({ verdict: 'whole' }, () => '')
  expect(JSON.parse(stdout.read())).toEqual({ verdict: 'whole' })
  expect(stderr.read()).toBe(
    '{"type":"progress"}\n{"type":"warning","code":"a.b","message":"careful"}\n',
  )
})

test('createOutput() with --json tells warnings among the lines and no remarks', async () => {
  const { output, stderr, stdout } = open({ isJson: true })
  output.beginLines()
  output.note('reading')
  output.warning({ code: 'a.b', message: 'careful' })
  await output.item({ type: 'summary' }, () => '')
  expect(
    stdout
      .read()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([{ type: 'warning', code: 'a.b', message: 'careful' }, { type: 'summary' }])
  expect(stderr.read()).toBe('')
})

test('createOutput() with --quiet drops remarks but no warnings', () => {
  const { output, stderr } = open({ isQuiet: true })
  output.note('reading')
  output.warning({ code: 'a.b', message: 'careful' })
  expect(stderr.read()).toBe('warning: careful (a.b)\n')
})

test('createOutput() stops whoever prints once nobody reads', async () => {
  const { output, stdout } = open({ isSlow: true, isJson: true })
  const item = output.item({}, () => 'x')
  stdout.fail('EPIPE')
  await expect(item).rejects.toMatchObject({ code: 'cli.output-closed' })
  output.event({ type: 'progress' })
  await expect(output.item({}, () => 'x')).rejects.toMatchObject({ code: 'cli.output-closed' })
  expect(stdout.read()).toBe('{}\n')
  output.finish()
})

test('createOutput() fails when what was printed is lost, as on a full disk', async () => {
  const { output, stdout } = open({ isJson: true })
  output.beginLines()
  stdout.fail('ENOSPC')
  output.summary({ type: 'summary' }, () => '')
  expect(() => output.finish()).toThrow('found ENOSPC')
  await expect(output.answer({}, () => '')).rejects.toMatchObject({ code: 'cli.output-failed' })
})
