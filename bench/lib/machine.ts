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

export type Load = { readonly before: number; readonly most: number; readonly after: number }

/**
 * Looks at how many processes want to run, over the last minute, until told to stop. The bench
 * itself accounts for two or three; what is above is somebody else's.
 */
export function watchLoad(): { stop(): Load } {
  const read = () => Number((loadavg()[0] ?? 0).toFixed(2))
  const before = read()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, read())
  }, 5_000).unref()
  return {
    stop: () => {
      clearInterval(timer)
      return { before, most, after: read() }
    },
  }
}
