import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Place } from './place.ts'

const HOLDFAST = fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))

/** A point that a follower said it had committed. */
export type SaidPoint = { readonly transactions: number; readonly changes: number }

/** What followers said, whether or not they lived to see more. */
export type Said = {
  /** By seq. */
  readonly points: Map<number, SaidPoint>
  /** Codes of warnings, with how often. */
  readonly warnings: Map<string, number>
}

/** `holdfast follow` as a process of its own. */
export type Follower = {
  readonly child: ChildProcess
  readonly isAlive: boolean
  /** Commits it told. */
  readonly commits: number
  /** The last of what it wrote for people. */
  readonly complaints: string
  /** Whether it ended, within so long. */
  ends(withinMs: number): Promise<boolean>
  kill(signal: NodeJS.Signals): void
}

type Line = Readonly<Record<string, unknown>>

export function startFollower({ environment, folder, source }: Place, said: Said): Follower {
  const child = spawn(HOLDFAST, ['follow', source, '--json'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let commits = 0
  let complaints = ''
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseLine(text)
    if (line?.['type'] === 'commit') commits += 1
    if (line !== undefined) take(line, said)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-4000)
  })
  return {
    child,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null
    },
    get commits() {
      return commits
    },
    get complaints() {
      return complaints
    },
    async ends(withinMs) {
      const timer = AbortSignal.timeout(withinMs)
      const late = once(timer, 'abort').then(() => false)
      return await Promise.race([exited.then(() => true), late])
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** The last line of one that was killed may be half of one. */
function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function take(line: Line, { points, warnings }: Said): void {
  const code = String(line['code'])
  if (line['type'] === 'warning') warnings.set(code, (warnings.get(code) ?? 0) + 1)
  const seq = Number(String(line['point'] ?? '').split('@')[1])
  if (line['type'] !== 'commit') return
  const point = { transactions: Number(line['transactions']), changes: Number(line['changes']) }
  const known = points.get(seq)
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(point)) {
    throw new Error(`Two followers said that they committed ${line['point']}, each its own`)
  }
  points.set(seq, point)
}
