import type { SourceIdentity } from '#record/cut'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ConnectorOptions, SourceCut, Target, TargetWrite } from '../connector.ts'
import type { EntityWrites, SideEffect } from '../side-effect.ts'
import { MysqlCut } from './cut.ts'
import { listSideEffects } from './list-side-effects.ts'
import { MysqlSource } from './mysql-source.ts'
import { openWrite } from './mysql-write.ts'
import { claimOf, untilUnclaimed } from './write-claim.ts'

/**
 * A database that is read and written. The connections that write come on top of those that read: a
 * plan is never kept waiting by its own cut.
 */
export class MysqlTarget implements Target {
  readonly identity: SourceIdentity
  readonly #source: MysqlSource

  /** @throws connector.unreachable | connector.denied | connector.read-only */
  static async open(options: ConnectorOptions): Promise<MysqlTarget> {
    const source = await MysqlSource.open(options)
    try {
      await refuseReadOnly(source, options.signal)
      return new MysqlTarget(source)
    } catch (error) {
      await source[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(source: MysqlSource) {
    this.#source = source
    this.identity = source.identity
  }

  openCut(signal: AbortSignal): Promise<SourceCut> {
    return this.#source.openCutFor(signal, false)
  }

  async listSideEffects(
    writes: readonly EntityWrites[],
    signal: AbortSignal,
  ): Promise<readonly SideEffect[]> {
    await using session = await this.#source.takeSession(signal)
    return await listSideEffects(session, writes, signal)
  }

  async untilUnclaimed(signal: AbortSignal): Promise<void> {
    await using session = await this.#source.takeSession(signal)
    await untilUnclaimed(session, claimOf(this.identity), signal)
  }

  /** The write takes over the session of `since`, as no other can see what that cut saw. */
  async openWrite(
    signal: AbortSignal,
    since?: SourceCut,
    _schemas?: readonly SchemaVersion[],
    accepted: readonly SideEffect[] = [],
  ): Promise<TargetWrite> {
    assert(since === undefined || since instanceof MysqlCut, 'A cut is of the target it came from.')
    const connect = (forSignal: AbortSignal) => this.#source.takeSession(forSignal)
    const session = since === undefined ? await connect(signal) : since.takeSession()
    const { pace } = this.#source
    const hasSnapshot = since !== undefined
    const claim = claimOf(this.identity)
    return openWrite(session, { accepted, claim, connect, pace, hasSnapshot, signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}

async function refuseReadOnly(source: MysqlSource, signal: AbortSignal): Promise<void> {
  const session = await source.takeSession(signal)
  source.keepSession(session)
  const known = await session.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'local_infile')`,
    signal,
  )
  const settings = new Map(known.map(([name, value]) => [name, value]))
  if (settings.get('read_only') === 'ON' || settings.get('super_read_only') === 'ON') {
    const message = 'Cannot write to the database: the server is set to read only'
    throw new AppError('connector.read-only', message, { identity: source.identity })
  }
  if (settings.get('local_infile') === 'ON') return
  const found = 'the server takes no rows from a client; run SET GLOBAL local_infile = 1 there'
  const message = `Cannot write to the database: ${found}`
  throw new AppError('connector.denied', message, { identity: source.identity })
}
