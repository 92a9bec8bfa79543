import type { SourceIdentity } from '#record/cut'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ConnectorOptions, SourceCut, Target, TargetWrite } from '../connector.ts'
import type { EntityWrites, SideEffect } from '../side-effect.ts'
import { PostgresCut } from './cut.ts'
import { listSideEffects } from './list-side-effects.ts'
import { toLostError } from './pg-error.ts'
import { PostgresSource } from './postgres-source.ts'
import { openWrite } from './postgres-write.ts'
import { untilUnclaimed } from './write-claim.ts'

/**
 * A database that is read and written. The connection that writes comes on top of those that read:
 * a plan is never kept waiting by its own cut.
 */
export class PostgresTarget implements Target {
  readonly identity: SourceIdentity
  readonly #source: PostgresSource

  /** @throws connector.unreachable | connector.denied | connector.read-only */
  static async open(options: ConnectorOptions): Promise<PostgresTarget> {
    const source = await PostgresSource.open(options)
    try {
      await refuseReadOnly(source, options.signal)
      return new PostgresTarget(source)
    } catch (error) {
      await source[Symbol.asyncDispose]()
      throw toLostError(error, 'open the target')
    }
  }

  private constructor(source: PostgresSource) {
    this.#source = source
    this.identity = source.identity
  }

  openCut(signal: AbortSignal): Promise<SourceCut> {
    return this.#source.openCut(signal)
  }

  async listSideEffects(
    writes: readonly EntityWrites[],
    signal: AbortSignal,
  ): Promise<readonly SideEffect[]> {
    await using session = await this.#source.takeSession(signal)
    try {
      return await listSideEffects(session, writes, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw toLostError(error, 'list what a write sets off')
    }
  }

  async untilUnclaimed(signal: AbortSignal): Promise<void> {
    await using session = await this.#source.takeSession(signal)
    try {
      await untilUnclaimed(session, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw toLostError(error, 'wait for another restore')
    }
  }

  async openWrite(
    signal: AbortSignal,
    since?: SourceCut,
    _schemas?: readonly SchemaVersion[],
    accepted: readonly SideEffect[] = [],
  ): Promise<TargetWrite> {
    assert(
      since === undefined || since instanceof PostgresCut,
      'A cut is of the target it came from.',
    )
    const session = await this.#source.takeSession(signal)
    const look = await this.#source.takeSession(signal).catch((error: unknown) => {
      session.destroy()
      throw error
    })
    const { pace } = this.#source
    return openWrite(session, { accepted, look, pace, snapshot: since?.snapshot ?? null, signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}

async function refuseReadOnly(source: PostgresSource, signal: AbortSignal): Promise<void> {
  const session = await source.takeSession(signal)
  source.keepSession(session)
  const sql = `select pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('default_transaction_read_only')`
  const [[isStandby, readOnly] = []] = await session.query(sql, signal)
  if (isStandby === 'f' && readOnly === 'off') return
  const found = isStandby === 't' ? 'it is a standby' : 'it is set to read only'
  const message = `Cannot write to the PostgreSQL database: ${found}`
  throw new AppError('connector.read-only', message, { identity: source.identity })
}
