import { assert } from '#stdx/assert'
import { toLostError } from './pg-error.ts'
import { quoteLiteral } from './quote.ts'
import type { Session } from './session.ts'

/**
 * The sessions of one cut: a leader, whose snapshot was exported, and others that import it when
 * they are first needed. At most `sessionsMax`; who finds none waits for its turn.
 */
export class CutSessions implements AsyncDisposable {
  readonly #connect: (signal: AbortSignal) => Promise<Session>
  readonly #snapshot: string
  readonly #sessionsMax: number
  readonly #all = new Set<Session>()
  readonly #idle: Session[]
  readonly #waiting: (() => void)[] = []
  #openCount = 1

  constructor(
    leader: Session,
    snapshot: string,
    {
      connect,
      sessionsMax,
    }: {
      connect: (signal: AbortSignal) => Promise<Session>
      sessionsMax: number
    },
  ) {
    assert(sessionsMax >= 1, 'A cut needs at least its leader.')
    this.#connect = connect
    this.#snapshot = snapshot
    this.#sessionsMax = sessionsMax
    this.#all.add(leader)
    this.#idle = [leader]
  }

  /** Runs `use` with a session that sees the cut. */
  async with<T>(signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.acquire(signal)
    try {
      return await use(session)
    } catch (error) {
      throw toLostError(error, 'look at the database')
    } finally {
      this.release(session)
    }
  }

  async acquire(signal: AbortSignal): Promise<Session> {
    for (;;) {
      signal.throwIfAborted()
      const idle = this.#idle.pop()
      if (idle !== undefined) return idle
      if (this.#openCount < this.#sessionsMax) return this.#open(signal)
      await this.#untilReleased(signal)
    }
  }

  /** A session that was lost is not given out again. */
  release(session: Session): void {
    if (session.isLost) {
      this.#all.delete(session)
      this.#openCount -= 1
    } else {
      this.#idle.push(session)
    }
    this.#waiting.shift()?.()
  }

  async #open(signal: AbortSignal): Promise<Session> {
    this.#openCount += 1
    try {
      const session = await this.#connect(signal)
      this.#all.add(session)
      await session.query('begin isolation level repeatable read read only', signal)
      await session.query(`set transaction snapshot ${quoteLiteral(this.#snapshot)}`, signal)
      return session
    } catch (error) {
      this.#openCount -= 1
      this.#waiting.shift()?.()
      throw toLostError(error, 'open a further connection of a cut')
    }
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
      const at = this.#waiting.indexOf(resolve)
      if (at >= 0) this.#waiting.splice(at, 1)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((session) => session[Symbol.asyncDispose]()))
  }
}
