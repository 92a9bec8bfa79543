import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { runProgram } from './run-program.ts'

/**
 * Bytes that a program and its threads read from files below a folder, as system calls return them.
 * Much slower than the program alone: never time a traced one.
 */
export async function measureBytesRead(
  strace: string | undefined,
  program: {
    readonly command: string
    readonly args: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly below: string
  },
  traceFile: string,
): Promise<number | undefined> {
  if (strace === undefined) return undefined
  const { args, below, command, env } = program
  // `-y` prints the path of each descriptor.
  const calls = ['-f', '-qq', '-y', '-e', 'trace=read,pread64,readv,preadv', '-o', traceFile]
  await runProgram({ command: strace, args: [...calls, command, ...args], env })
  const bytes = addReads(readFileSync(traceFile, 'utf8'), realpathSync(below))
  rmSync(traceFile)
  return bytes
}

/** Calls of several threads are printed in two halves when they overlap. */
export function addReads(trace: string, below: string): number {
  const isOpenByPid = new Map<string, boolean>()
  let sum = 0
  for (const line of trace.split('\n')) {
    const pid = line.split(' ', 1)[0] ?? ''
    const resumed = /<\.\.\. \w+ resumed>/.test(line)
    const path = /\d+<([^>]*)>/.exec(line)?.[1]
    const isBelow = resumed ? isOpenByPid.get(pid) === true : path?.startsWith(`${below}/`) === true
    if (line.endsWith('<unfinished ...>')) isOpenByPid.set(pid, isBelow)
    else if (isBelow) sum += Number(/= (\d+)$/.exec(line)?.[1] ?? 0)
  }
  return sum
}
