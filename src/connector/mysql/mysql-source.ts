import type { SourceIdentity } from '#record/cut'
import { assert } from '#stdx/assert'
import type { ConnectorOptions, Source, SourceCut } from '../connector.ts'
import { openPace, type Pace } from '../pace.ts'
import { type MysqlAddress, parseAddress } from './address.ts'
import { connect } from './connect.ts'
import { openCut } from './cut.ts'
import { MysqlSourceFeed } from './feed/mysql-source-feed.ts'
import { readIdentity } from './identity.ts'
import type { Session } from './session.ts'

/** A database that is read. Keeps the session that asked who it is for the first use after that. */
export class MysqlSource implements Source {
  readonly identity: SourceIdentity
  /** Everything that is read from the database spends from it. */
  readonly pace: Pace
  readonly feed: MysqlSourceFeed
  readonly #address: MysqlAddress
  readonly #sessionsMax: number
  #kept: Session | undefined

  /** @throws connector.unreachable | connector.denied | connector.address-invalid */
  static async open(options: ConnectorOptions): Promise<MysqlSource> {
    const address = parseAddress(options.address.reveal())
    const session = await connect(address, options.signal)
    try {
      const identity = await readIdentity(session, options.signal)
      return new MysqlSource(options, { address, identity, session })
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  private constructor(
    options: ConnectorOptions,
    found: { address: MysqlAddress; identity: SourceIdentity; session: Session },
  ) {
    this.identity = found.identity
    this.#address = found.address
    this.#kept = found.session
    this.#sessionsMax = options.connectionsMax
    this.pace = openPace(options.clock, options.bytesPerSecondMax)
    this.feed = new MysqlSourceFeed({
      identity: this.identity,
      clock: options.clock,
      connect: (forSignal) => this.takeSession(forSignal),
      openCut: (forSignal) => this.openCut(forSignal),
    })
  }

  openCut(signal: AbortSignal): Promise<SourceCut> {
    return this.openCutFor(signal, true)
  }

  /** @param isReadOnly false where a write may take the snapshot over */
  openCutFor(signal: AbortSignal, isReadOnly: boolean): Promise<SourceCut> {
    return openCut(
      {
        identity: this.identity,
        connect: (forSignal) => this.takeSession(forSignal),
        sessionsMax: this.#sessionsMax,
        pace: this.pace,
        isReadOnly,
      },
      signal,
    )
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
