import type { SourceIdentity } from '#record/cut'
import { assert } from '#stdx/assert'
import type { ConnectorOptions, Source, SourceCut } from '../connector.ts'
import { openPace, type Pace } from '../pace.ts'
import { type PostgresAddress, parseAddress } from './address.ts'
import { connect, connectToLog } from './connect.ts'
import { type OpenCutDeps, openCut, openCutAt } from './cut.ts'
import { PostgresSourceFeed } from './feed/postgres-source-feed.ts'
import { readIdentity } from './identity.ts'
import { toLostError } from './pg-error.ts'
import type { Session } from './session.ts'

/** A database that is read. Keeps the session that asked who it is for the first use after that. */
export class PostgresSource implements Source {
  readonly identity: SourceIdentity
  /** Everything that is read from the database spends from it. */
  readonly pace: Pace
  readonly feed: PostgresSourceFeed
  readonly #address: PostgresAddress
  readonly #sessionsMax: number
  #kept: Session | undefined

  /** @throws connector.unreachable | connector.denied | connector.address-invalid */
  static async open(options: ConnectorOptions): Promise<PostgresSource> {
    const address = parseAddress(options.address.reveal())
    const session = await connect(address, options.signal)
    try {
      const identity = await readIdentity(session, address, options.signal)
      return new PostgresSource(options, { address, identity, session })
    } catch (error) {
      session.destroy()
      throw toLostError(error, 'tell which database it is')
    }
  }

  private constructor(
    options: ConnectorOptions,
    found: { address: PostgresAddress; identity: SourceIdentity; session: Session },
  ) {
    this.identity = found.identity
    this.#address = found.address
    this.#kept = found.session
    this.#sessionsMax = options.connectionsMax
    this.pace = openPace(options.clock, options.bytesPerSecondMax)
    this.feed = new PostgresSourceFeed({
      identity: this.identity,
      clock: options.clock,
      connect: (forSignal) => this.takeSession(forSignal),
      connectToLog: (forSignal) => connectToLog(this.#address, forSignal),
      openCutAt: (moment, forSignal) => openCutAt(this.#cutDeps(), moment, forSignal),
    })
  }

  openCut(signal: AbortSignal): Promise<SourceCut> {
    return openCut(this.#cutDeps(), signal)
  }

  #cutDeps(): OpenCutDeps {
    return {
      identity: this.identity,
      connect: (signal) => this.takeSession(signal),
      sessionsMax: this.#sessionsMax,
      pace: this.pace,
    }
  }

  /** Keeps a session that is in no transaction, for the next one who asks. */
  keepSession(session: Session): void {
    assert(this.#kept === undefined, 'One session is kept at a time.')
    this.#kept = session
  }

  /** The kept session, or a new one. The caller closes it. */
  takeSession(signal: AbortSignal): Promise<Session> {
    const kept = this.#kept
    this.#kept = undefined
    if (kept === undefined || kept.isLost) return connect(this.#address, signal)
    return Promise.resolve(kept)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const kept = this.#kept
    this.#kept = undefined
    await kept?.[Symbol.asyncDispose]()
  }
}
