import { AppError } from '#stdx/app-error'
import type { Paint } from './paint.ts'

/** A standard stream, as far as it is used. */
export type TextStream = {
  readonly isTTY?: boolean
  readonly columns?: number
  /** What a write failed with. */
  readonly errored?: Error | null
  write(text: string): boolean
  once(event: 'drain' | 'error', listener: () => void): unknown
  off(event: 'drain' | 'error', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type OutputOptions = {
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly paint: Paint
}

/**
 * What a command says. Data goes to standard output, everything else to standard error. With
 * `--json` progress and warnings are JSON lines: of a run that prints lines, among them; else, where
 * standard output is for one document or for exported data alone, on standard error.
 */
export type Output = {
  readonly isJson: boolean
  readonly paint: Paint
  /** From now on standard output takes JSON lines of every type. */
  beginLines(): void
  /** The one answer of a command: a JSON document, or text for people (ended by a line break). */
  answer(document: unknown, toText: () => string): Promise<void>
  /**
   * One of many answers: a JSON line, or text for people. Waits while the reader is slow.
   * @throws cli.output-closed when nobody reads any more | cli.output-failed
   */
  item(document: unknown, toText: () => string): Promise<void>
  /** Raw text to standard output, `export` for one. @throws as `item` */
  data(text: string): Promise<void>
  /** A JSON line of a long run that goes on even when nobody reads; nothing without `--json`. */
  event(document: { readonly type: string }): void
  /** The end of one part of a long run: a JSON line, or text. Goes on even when nobody reads. */
  summary(document: { readonly type: string }, toText: () => string): void
  /** A remark for people; nothing with `--quiet` or `--json`. */
  note(text: string): void
  warning(warning: { readonly code: string; readonly message: string }): void
  /** Once all was said. @throws cli.output-failed when some of it could not be written */
  finish(): void
  /** Where progress draws its line, and what clears it before anything else is printed. */
  onClear(clear: () => void): void
}

/** Opens the output. A closed pipe is no error: what is written to it is dropped. */
export function createOutput({ stdout, stderr, isJson, isQuiet, paint }: OutputOptions): Output {
  let failure: Error | undefined
  let clear = () => {}
  let hasLines = false
  stdout.on('error', (error) => {
    failure ??= error
  })
  stderr.on('error', () => {})

  async function data(text: string): Promise<void> {
    clear()
    if (failure === undefined && !stdout.write(text)) await drained(stdout)
    // A failed write to a file is told a moment after it returned.
    failure ??= stdout.errored ?? undefined
    if (failure !== undefined) throw cannotPrint(failure)
  }
  function say(text: string): void {
    clear()
    stderr.write(`${text}\n`)
  }
  function event(document: { readonly type: string }): void {
    if (!isJson) return
    if (!hasLines) stderr.write(`${JSON.stringify(document)}\n`)
    else if (failure === undefined) stdout.write(`${JSON.stringify(document)}\n`)
  }
  return {
    isJson,
    paint,
    data,
    event,
    beginLines() {
      hasLines = true
    },
    answer: (document, toText) =>
      data(isJson ? `${JSON.stringify(document, null, 2)}\n` : toText()),
    item: (document, toText) => data(isJson ? `${JSON.stringify(document)}\n` : toText()),
    summary(document, toText) {
      clear()
      if (isJson) event(document)
      else if (failure === undefined) stdout.write(toText())
    },
    note(text) {
      if (!isJson && !isQuiet) say(text)
    },
    warning({ code, message }) {
      if (isJson) event({ type: 'warning', code, message } as { type: string })
      else say(`${paint.yellow('warning:')} ${message} (${code})`)
    },
    finish() {
      failure ??= stdout.errored ?? undefined
      if (failure !== undefined && !isClosedBy(failure)) throw cannotPrint(failure)
    },
    onClear(listener) {
      clear = listener
    },
  }
}

function cannotPrint(cause: Error): AppError {
  if (isClosedBy(cause)) {
    return new AppError('cli.output-closed', 'Cannot print: the output was closed', {}, { cause })
  }
  const found = 'code' in cause ? String(cause.code) : cause.message
  const message = `Cannot print: found ${found} when writing to standard output`
  return new AppError('cli.output-failed', message, {}, { cause })
}

/** Whether whoever read the output stopped reading. */
function isClosedBy(failure: Error): boolean {
  return 'code' in failure && failure.code === 'EPIPE'
}

function drained(stream: TextStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done)
      stream.off('error', done)
      resolve()
    }
    stream.once('drain', done)
    stream.once('error', done)
  })
}
