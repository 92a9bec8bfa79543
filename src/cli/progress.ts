import type { ProgressSink } from '#app/progress'
import type { Clock } from '#stdx/clock'
import { formatBytes, formatCount, formatDuration } from './format-amounts.ts'
import type { Output, TextStream } from './output.ts'

/** How far a stage got. */
export type Stage = {
  readonly label: string
  readonly rowsTotal: number | undefined
  readonly bytesTotal: number | undefined
  readonly startedAtMs: number
  rows: number
  bytes: number
}

export type ProgressDeps = {
  readonly clock: Clock
  readonly stderr: TextStream
  readonly output: Output
  readonly isQuiet: boolean
}

const REDRAW_MS = 200
const JSON_LINE_MS = 1000
const PLAIN_LINE_MS = 5000
const ERASE_LINE = '\r\u001b[2K'

/**
 * Shows progress by a heartbeat: one redrawn line on a terminal, a plain line every 5 s without one,
 * JSON lines every second with `--json`, nothing with `--quiet`. Adding costs two additions.
 */
export function createProgress(deps: ProgressDeps): ProgressSink & Disposable {
  const { clock, isQuiet, output, stderr } = deps
  const isLine = stderr.isTTY === true && !output.isJson
  const beatMs = isLine ? REDRAW_MS : output.isJson ? JSON_LINE_MS : PLAIN_LINE_MS
  let stage: Stage | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let isDrawn = false

  function clear(): void {
    if (isDrawn) stderr.write(ERASE_LINE)
    isDrawn = false
  }
  function beat(): void {
    if (stage === undefined) return
    const text = formatStage(stage, clock.nowMs())
    if (output.isJson) output.event(toEvent(stage, clock.nowMs()))
    else if (isLine) {
      stderr.write(`${ERASE_LINE}${text.slice(0, (stderr.columns ?? 80) - 1)}`)
      isDrawn = true
    } else stderr.write(`${text}\n`)
  }
  function end(): void {
    clearInterval(timer)
    clear()
    timer = undefined
    stage = undefined
  }
  output.onClear(clear)
  return {
    begin({ label, rows, bytes }) {
      end()
      if (isQuiet) return
      const startedAtMs = clock.nowMs()
      stage = { label, rowsTotal: rows, bytesTotal: bytes, startedAtMs, rows: 0, bytes: 0 }
      // Nothing waits for a heartbeat.
      timer = setInterval(beat, beatMs).unref()
    },
    add({ rows = 0, bytes = 0 }) {
      if (stage === undefined) return
      stage.rows += rows
      stage.bytes += bytes
    },
    end,
    [Symbol.dispose]: end,
  }
}

/** `customer: 1 200 000 rows, 340 MB, 45.1 MB/s, 1:20 left` */
export function formatStage(stage: Stage, nowMs: number): string {
  const { bytesPerSecond, remainingMs } = measure(stage, nowMs)
  const rows = stage.rows > 0 ? `${formatCount(stage.rows)}${ofTotal(stage)} rows` : ''
  const bytes = stage.bytes > 0 ? formatBytes(stage.bytes) : ''
  const rate = bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : ''
  const left = remainingMs === undefined ? '' : `${formatDuration(remainingMs)} left`
  const parts = [rows, bytes, rate, left].filter((part) => part !== '')
  const elapsed = formatDuration(nowMs - stage.startedAtMs)
  return `${stage.label}: ${parts.length === 0 ? elapsed : parts.join(', ')}`
}

function toEvent(stage: Stage, nowMs: number) {
  const { bytesPerSecond, remainingMs } = measure(stage, nowMs)
  const { bytes, label, rows } = stage
  return { type: 'progress', label, rows, bytes, bytesPerSecond, remainingMs: remainingMs ?? null }
}

function measure(stage: Stage, nowMs: number) {
  const elapsedMs = Math.max(0, nowMs - stage.startedAtMs)
  const bytesPerSecond = elapsedMs === 0 ? 0 : Math.round((stage.bytes * 1000) / elapsedMs)
  const share = shareDone(stage)
  // The first hundredth says little about the rest, and what is past the expected end says nothing.
  const isTelling = share !== undefined && share >= 0.01 && share < 1 && elapsedMs >= 1000
  const remainingMs = isTelling ? Math.round((elapsedMs * (1 - share)) / share) : undefined
  return { bytesPerSecond, remainingMs }
}

function shareDone({ bytes, bytesTotal, rows, rowsTotal }: Stage): number | undefined {
  if (bytesTotal !== undefined && bytesTotal > 0) return Math.min(1, bytes / bytesTotal)
  if (rowsTotal !== undefined && rowsTotal > 0) return Math.min(1, rows / rowsTotal)
  return undefined
}

function ofTotal({ rowsTotal }: Stage): string {
  return rowsTotal === undefined ? '' : ` of about ${formatCount(rowsTotal)}`
}
