import { cpus, loadavg, totalmem } from 'node:os'

export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly platform: string
}

/** What the figures depend on; no names of hosts or folders. */
export function describeMachine(): Machine {
  const cores = cpus()
  return {
    cpu: (cores[0]?.model ?? 'unknown').replaceAll(/\s+/g, ' ').trim(),
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Processes that wanted to run over the last minute: above the cores, the figures are noisy. */
export function readLoad(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2))
}
