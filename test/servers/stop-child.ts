import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export type StopOptions = {
  readonly gentle: NodeJS.Signals
  /** Sent when it has not ended by then. */
  readonly hard: NodeJS.Signals
  readonly withinMs: number
}

/** Ends a process that was started here, and waits until it has ended. */
export async function stopChild(
  child: ChildProcess,
  { gentle, hard, withinMs }: StopOptions,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(gentle)
  const patience = new AbortController()
  const late = sleep(withinMs, 'late', { signal: patience.signal }).catch(() => 'done')
  if ((await Promise.race([exited, late])) === 'late') child.kill(hard)
  await exited
  patience.abort()
}
