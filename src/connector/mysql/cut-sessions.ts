import { assert } from '#stdx/assert'
import type { Session } from './session.ts'

/** Lends the sessions of one cut, which all see the same. Who finds none waits for its turn. */
export class CutSessions implements AsyncDisposable {
  readonly #all: Set<Session>
  readonly #idle: Session[]
  readonly #waiting: (() => void)[] = []

  constructor(sessions: readonly Session[]) {
    assert(sessions.length >= 1, 'A cut has a session.')
    this.#all = new Set(sessions)
    this.#idle = sessions.toReversed()
  }

  /** Runs `use` with a session that sees the cut. */
  async with<T>(signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.acquire(signal)
    try {
      return await use(session)
    } finally {
      this.release(session)
    }
  }

  async acquire(signal: AbortSignal): Promise<Session> {
    for (;;) {
      signal.throwIfAborted()
      const idle = this.#idle.pop()
      if (idle !== undefined) return idle
      // Nothing sees this moment any more: whoever asks learns of it by a session that is lost.
      const [lost] = this.#all
      if (lost !== undefined && [...this.#all].every(({ isLost }) => isLost)) return lost
      await this.#untilReleased(signal)
    }
  }

  /** A session that was lost is not given out again while others are there. */
  release(session: Session): void {
    if (!session.isLost) this.#idle.push(session)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Takes the first session out for good; the cut ends with that for everybody else. */
  take(): Session {
    const [session] = this.#all
    assert(
      session !== undefined && this.#idle.includes(session),
      'A cut that is taken over is idle.',
    )
    this.#all.delete(session)
    this.#idle.splice(this.#idle.indexOf(session), 1)
    return session
  }

  async #untilReleased(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.push(resolve)
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((session) => session[Symbol.asyncDispose]()))
  }
}
