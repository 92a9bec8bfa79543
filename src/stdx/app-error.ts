/** What a code means to those who meet it: the HTTP door, a shell, the queue, an operator. */
export type ErrorSpec = {
  /** HTTP status. */
  readonly status: number
  /** Exit status of the command line. */
  readonly exit: number
  readonly retry: 'never' | 'later' | 'after-fix'
  /** What an operator does now, in whole sentences. */
  readonly help: string
}

export type AppErrorCode = `${string}.${string}`

/**
 * An expected failure, told apart by its `code`, which is public and never changes its meaning.
 *
 * The message reads "Cannot <what was tried> <which>: <what was found>, <what was wanted>" and never
 * holds a record's field values. `details` may hold keys; logs redact them.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: AppErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    options: { cause?: unknown } = {},
  ) {
    super(message, options)
    this.code = code
    this.details = Object.freeze({ ...details })
  }
}

/** Tells an expected failure from a bug, and, given a `code`, that failure from others. */
export function isAppError(error: unknown, code?: AppErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}
