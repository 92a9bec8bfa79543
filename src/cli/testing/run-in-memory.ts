import { PassThrough } from 'node:stream'
import type { Context } from '#app/context'
import { silentProgress } from '#app/progress'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import type { TextStream } from '../output.ts'
import { runCli } from '../run-cli.ts'

export type Run = { readonly exit: number; readonly stdout: string; readonly stderr: string }

/** Runs a command line whose streams are kept, nobody sits at, and whose context opens nothing. */
export async function runInMemory(
  argv: readonly string[],
  environment: Record<string, string> = {},
): Promise<Run> {
  const stdout = keepText()
  const stderr = keepText()
  const exit = await runCli(
    {
      version: '1.2.3',
      binFolder: '/nowhere/bin',
      clock: systemClock,
      environment,
      stdin: new PassThrough(),
      stdout: stdout.stream,
      stderr: Object.assign(new PassThrough(), stderr.stream),
      interrupts: { listen: () => ({ [Symbol.dispose]() {} }), exitNow() {} },
      openContext: () => closedContext,
    },
    argv,
  )
  return { exit, stdout: stdout.read(), stderr: stderr.read() }
}

/** A stream that keeps what is written, and says it is full after each write when `isSlow`. */
export function keepText(isSlow = false): {
  stream: TextStream
  read(): string
  fail(code: string): void
} {
  let text = ''
  const listeners = new Set<(error: Error) => void>()
  const stream: TextStream = {
    write(more) {
      text += more
      return !isSlow
    },
    once: (_event, listener) => listeners.add(listener),
    off: (_event, listener) => listeners.delete(listener),
    on: (_event, listener) => listeners.add(listener),
  }
  return {
    stream,
    read: () => text,
    fail: (code) => {
      for (const listener of listeners) listener(Object.assign(new Error('write'), { code }))
    },
  }
}

function refuse(): never {
  throw new Error('This test opens nothing.')
}

const closedContext: Context = {
  clock: systemClock,
  random: systemRandom,
  progress: silentProgress,
  warn: refuse,
  configPath: '/nowhere/holdfast.yaml',
  readConfig: refuse,
  readFlagsOnly: refuse,
  readNewPassphrase: refuse,
  readAddedPassphrase: refuse,
  openStore: refuse,
  createStore: refuse,
  openVault: refuse,
  openSource: refuse,
  openCapturePool: refuse,
  openCanary: refuse,
  canaryStatements: refuse,
  credentialFile: undefined,
  readVaultRequest: refuse,
  openTarget: refuse,
  openOwnFile: refuse,
}
