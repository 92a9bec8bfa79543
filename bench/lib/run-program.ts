import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

export type Program = {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Standard output goes here; else it is kept and returned, or thrown away. */
  readonly toFile?: string
  readonly isOutputKept?: boolean
  /** Statuses that mean success; 0 unless told. */
  readonly statuses?: readonly number[]
}

export type Run = {
  /** From before the start of the process to its end, seconds. */
  readonly wallS: number
  /** Most memory resident at a time, bytes, threads included; 0 where it cannot be seen. */
  readonly peakBytes: number
  readonly output: string
}

const SAMPLE_EVERY_MS = 20

/** Runs a program to its end. @throws when its status is not one of `statuses` */
export async function runProgram(program: Program): Promise<Run> {
  const { args, command, env, isOutputKept = false, statuses = [0], toFile } = program
  const outFile = toFile === undefined ? undefined : openSync(toFile, 'w')
  const startedAtMs = performance.now()
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', outFile ?? (isOutputKept ? 'pipe' : 'ignore'), 'pipe'],
  })
  const peak = watchPeak(child.pid)
  const output = child.stdout === null ? '' : text(child.stdout)
  const complaints = child.stderr === null ? '' : text(child.stderr)
  const [status]: [number | null] = (await once(child, 'exit')) as [number | null]
  const wallS = (performance.now() - startedAtMs) / 1000
  const peakBytes = peak.stop()
  if (outFile !== undefined) closeSync(outFile)
  const kept = await output
  if (status === null || !statuses.includes(status)) {
    const said = `${(await complaints).slice(-2000)}\n${kept.slice(-2000)}`
    throw new Error(
      `Cannot run ${command} ${args.slice(0, 4).join(' ')}: status ${status}\n${said}`,
    )
  }
  return { wallS, peakBytes, output: kept }
}

/**
 * Looks at the high-water mark that Linux keeps for a process. The mark only rises, so a look every
 * 20 ms misses no more than what the last 20 ms added. A program started by `exec` counts anew.
 */
export function watchPeak(pid: number | undefined): { stop(): number } {
  let peakBytes = 0
  const look = () => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
      if (kibibytes !== undefined) peakBytes = Number(kibibytes) * 1024
    } catch {
      // No such process any more, or no Linux.
    }
  }
  const timer = setInterval(look, SAMPLE_EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return peakBytes
    },
  }
}
