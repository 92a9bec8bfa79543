import { AppError, isAppError } from '#stdx/app-error'

/** What a codec found wrong with bytes; who knows the object turns it into `segment.damaged`. */
export class FormatProblem extends Error {
  override readonly name = 'FormatProblem'
}

/** A version or flag that is not known: a later version wrote it. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat'
}

/**
 * Runs `read` and names the object in whatever is wrong with its bytes.
 * @throws segment.damaged | segment.format-unsupported
 */
export function readingObject<T>(object: string, part: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof UnknownFormat)
      throw unsupported(object, `${part}: ${cause.message}`, cause)
    if (cause instanceof FormatProblem) throw damaged(object, `${part}: ${cause.message}`, cause)
    if (isAppError(cause) && cause.code.startsWith('seal.')) {
      throw damaged(object, `${part} is not authentic`, cause)
    }
    throw cause
  }
}

function unsupported(object: string, problem: string, cause: unknown): AppError {
  const message = `Cannot read object "${object}": ${problem}`
  return new AppError('segment.format-unsupported', message, { object }, { cause })
}

export function damaged(object: string, problem: string, cause?: unknown): AppError {
  const message = `Cannot read object "${object}": ${problem}`
  return new AppError('segment.damaged', message, { object }, { cause })
}
