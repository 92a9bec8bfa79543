import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type BenchVault, LAUNCHER } from '../lib/holdfast.ts'
import { watchPeak } from '../lib/run-program.ts'

/** An entry that a follower committed. */
export type Commit = {
  /** When we heard of it, on the clock of `performance.now()`. */
  readonly heardMs: number
  readonly transactions: number
  readonly changes: number
}

/** `holdfast follow` as a process of its own. */
export type Follower = {
  /** On the clock of `performance.now()`. */
  readonly startedMs: number
  readonly commits: readonly Commit[]
  /** Waits until so many changes are durable. @returns when the last of them was heard of */
  untilChanges(count: number): Promise<number>
  /** Interrupts it and waits for its end. @throws unless it ends in order */
  stop(): Promise<{ readonly peakBytes: number }>
}

export function startFollower({ env }: BenchVault, source: string): Follower {
  const startedMs = performance.now()
  const child = spawn(LAUNCHER, ['follow', source, '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const peak = watchPeak(child.pid)
  const exited = once(child, 'exit')
  const complaints = text(child.stderr)
  const commits: Commit[] = []
  let changesHeard = 0
  let wake = () => {}
  createInterface({ input: child.stdout }).on('line', (said) => {
    const { changes, transactions, type }: Record<string, unknown> = JSON.parse(said)
    if (type !== 'commit') return
    changesHeard += Number(changes)
    const heardMs = performance.now()
    commits.push({ heardMs, transactions: Number(transactions), changes: Number(changes) })
    wake()
  })
  const failed = exited.then(async ([code]) => {
    throw new Error(`Cannot follow: status ${code}\n${(await complaints).slice(-2000)}`)
  })
  failed.catch(() => {})
  return {
    startedMs,
    commits,
    async untilChanges(count) {
      while (changesHeard < count) {
        const heard = new Promise<void>((resolve) => {
          wake = resolve
        })
        await Promise.race([heard, failed])
      }
      return commits.at(-1)?.heardMs ?? startedMs
    },
    async stop() {
      child.kill('SIGINT')
      const [code] = await exited
      const peakBytes = peak.stop()
      if (code !== 0) throw new Error(`Cannot stop: status ${code}\n${await complaints}`)
      return { peakBytes }
    },
  }
}
