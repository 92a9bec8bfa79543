import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The command line under test: that of this clone, or an installed one. */
export const HOLDFAST =
  process.env['HOLDFAST_TEST_COMMAND'] ??
  fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))
export const PASSPHRASE = 'a journey of a thousand records'

export type Run = { readonly exit: number; readonly stdout: string; readonly stderr: string }

/** Somebody with a folder, an environment and the command line, as a person would have. */
export type Traveller = {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** Runs `holdfast` in the folder. */
  holdfast(...argv: string[]): Promise<Run>
  /** The same with more, or other, environment. */
  holdfastWith(environment: Record<string, string>, ...argv: string[]): Promise<Run>
  /** Runs and parses what `--json` printed; fails unless the exit status is 0. */
  answer<T = unknown>(...argv: string[]): Promise<T>
}

/** A traveller on a machine of their own: empty folder, empty home, a passphrase. */
export async function aTraveller(): Promise<Traveller> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-journey-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const environment = {
    PATH: process.env['PATH'] ?? '',
    // The compiled code is kept between journeys, as it is between the runs of a person.
    XDG_CACHE_HOME: join(tmpdir(), `holdfast-journeys-${process.getuid?.() ?? 0}`),
    HOME: folder,
    HOLDFAST_PASSPHRASE: PASSPHRASE,
  }
  const holdfastWith = (more: Record<string, string>, ...argv: string[]) =>
    runCommand(HOLDFAST, argv, { folder, environment: { ...environment, ...more } })
  return {
    folder,
    environment,
    holdfastWith,
    holdfast: (...argv) => holdfastWith({}, ...argv),
    async answer(...argv) {
      const run = await holdfastWith({}, ...argv, '--json')
      if (run.exit !== 0)
        throw new Error(`${argv.join(' ')} exited with ${run.exit}: ${run.stderr}`)
      return JSON.parse(run.stdout)
    },
  }
}

/** The last JSON line of what a long run printed. */
export function lastLine<T = unknown>({ stdout }: Run): T {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

export function runCommand(
  command: string,
  argv: readonly string[],
  at: { readonly folder: string; readonly environment: Record<string, string> },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      cwd: at.folder,
      env: at.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (exit) => resolve({ exit: exit ?? -1, stdout, stderr }))
  })
}
