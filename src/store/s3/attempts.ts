import { isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import { judgeS3Failure, translateS3Error } from './s3-error.ts'

export type AttemptDeps = {
  readonly clock: Clock
  readonly random: Random
  readonly limits: AttemptLimits
}

export type AttemptLimits = {
  /** Tries of one request, the first included. */
  readonly attemptsMax: number
  /** Before the second try at most; doubled from try to try. */
  readonly delayMs: number
  readonly delayMaxMs: number
  /** For one try, to which `bytesPerSecondMin` adds what its bytes may take. */
  readonly timeoutMs: number
  readonly bytesPerSecondMin: number
}

export const ATTEMPT_LIMITS: AttemptLimits = {
  attemptsMax: 7,
  delayMs: 250,
  delayMaxMs: 10_000,
  timeoutMs: 30_000,
  bytesPerSecondMin: 512 * 1024,
}

export type Attempt = {
  /** Reads "Cannot <what> <which>". */
  readonly doing: string
  /** Bytes that travel, where that is known. */
  readonly sizeBytes?: number
  readonly signal: AbortSignal
}

/**
 * Makes a request, again while its failure is a passing one, waiting between tries a random part of
 * a time that doubles, so that many clients do not come back at once. What fails for good is thrown
 * as an `AppError`; an abort as the signal's reason.
 */
export async function attempt<T>(
  { clock, limits, random }: AttemptDeps,
  { doing, signal, sizeBytes = 0 }: Attempt,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const bytesMs = (sizeBytes / limits.bytesPerSecondMin) * 1000
  const timeoutMs = Math.ceil(limits.timeoutMs + bytesMs)
  for (let number = 1; ; number++) {
    signal.throwIfAborted()
    const tried = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      return await request(tried)
    } catch (error) {
      signal.throwIfAborted()
      if (isAppError(error)) throw error
      const cause = tried.aborted ? tried.reason : error
      if (judgeS3Failure(cause) !== 'passing' || number >= limits.attemptsMax) {
        throw translateS3Error(cause, doing)
      }
    }
    await clock.sleep(delayOf(limits, number, random), signal)
  }
}

function delayOf({ delayMaxMs, delayMs }: AttemptLimits, number: number, random: Random): number {
  const mostMs = Math.min(delayMaxMs, delayMs * 2 ** (number - 1))
  const [high = 0, low = 0] = random.bytes(2)
  return (mostMs * (high * 256 + low)) / 65_536
}
