import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

export const HOLDFAST = fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))
export const PASSPHRASE = 'a journey of a thousand records'

/** `signal` is what ended the process, `null` when it ended by itself. */
export type Run = {
  readonly exit: number
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A run that has begun. */
export type Running = { readonly child: ChildProcess; readonly done: Promise<Run> }

/** Somebody with a folder, an environment and the command line, as a person would have. */
export type Traveller = {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** A path in the folder. */
  at(name: string): string
  /** Writes `holdfast.yaml`; the vault is `./vault` unless the text says otherwise. */
  configure(text: string): Promise<void>
  /** Runs `holdfast` in the folder. */
  holdfast(...argv: string[]): Promise<Run>
  /** The same with more, or other, environment. */
  holdfastWith(environment: Record<string, string>, ...argv: string[]): Promise<Run>
  /** Begins it, for whoever wants to disturb it. */
  start(...argv: string[]): Running
  /** Runs and parses what `--json` printed; fails unless the exit status is `exit`. */
  answer<T = unknown>(...argv: string[]): Promise<T>
  answerWith<T = unknown>(exit: number, ...argv: string[]): Promise<T>
  /** Runs with `--json` and gives the last line; fails unless the exit status is 0. */
  summary<T = unknown>(...argv: string[]): Promise<T>
}

/** A traveller on a machine of their own: empty folder, empty home, a passphrase, and `more`. */
export async function aTraveller(more: Readonly<Record<string, string>> = {}): Promise<Traveller> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-journey-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return travellerIn(folder, more)
}

/** The same in a folder that somebody else removes. */
export function travellerIn(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Traveller {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    // The compiled code is kept between journeys, as it is between the runs of a person.
    XDG_CACHE_HOME: join(tmpdir(), `holdfast-journeys-${process.getuid?.() ?? 0}`),
    HOME: folder,
    HOLDFAST_PASSPHRASE: PASSPHRASE,
    HOLDFAST_STATE_DIR: join(folder, 'state'),
    ...more,
  }
  const holdfastWith = (more: Record<string, string>, ...argv: string[]) =>
    runCommand(HOLDFAST, argv, { folder, environment: { ...environment, ...more } })
  const answerWith = async (exit: number, ...argv: string[]) => {
    const run = await holdfastWith({}, ...argv, '--json')
    expect(run.exit, `${argv.join(' ')}\n${run.stderr}`).toBe(exit)
    return JSON.parse(run.stdout)
  }
  return {
    folder,
    environment,
    at: (name) => join(folder, name),
    async configure(text) {
      const whole = /^vault:/m.test(text) ? text : `vault: ./vault\n${text}`
      await writeFile(join(folder, 'holdfast.yaml'), whole)
    },
    holdfastWith,
    holdfast: (...argv) => holdfastWith({}, ...argv),
    start: (...argv) => startCommand(HOLDFAST, argv, { folder, environment }),
    answerWith,
    answer: (...argv) => answerWith(0, ...argv),
    async summary(...argv) {
      const run = await holdfastWith({}, ...argv, '--json')
      expect(run.exit, `${argv.join(' ')}\n${run.stderr}`).toBe(0)
      return lastLine(run)
    },
  }
}

/** The last JSON line of what a long run printed. */
export function lastLine<T = unknown>({ stdout }: Run): T {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

/** Every JSON line of what was printed. */
export function linesOf<T = Record<string, unknown>>({ stdout }: Run): T[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line))
}

type At = { readonly folder: string; readonly environment: Record<string, string> }

export function runCommand(command: string, argv: readonly string[], at: At): Promise<Run> {
  return startCommand(command, argv, at).done
}

export function startCommand(command: string, argv: readonly string[], at: At): Running {
  const child = spawn(command, argv, {
    cwd: at.folder,
    env: at.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const done = new Promise<Run>((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (exit, signal) => resolve({ exit: exit ?? -1, signal, stdout, stderr }))
  })
  return { child, done }
}

/** One clear message: its code, what to do, and nothing on standard output. */
export function expectFailure(run: Run, exit: number, code: string): void {
  expect({ exit: run.exit, stderr: run.stderr }).toMatchObject({ exit })
  expect(run.stderr).toContain(`(${code})`)
  expect(run.stderr).toContain('What to do: ')
  expect(run.stderr.match(/^error: /gm), run.stderr).toHaveLength(1)
  expect(run.stderr, 'no stack').not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(run.stdout).toBe('')
}

/** Names and kinds of what a document holds: what scripts rely on. Of a list, its first item. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}
