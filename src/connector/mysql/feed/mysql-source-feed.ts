import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { SourceCut } from '../../connector.ts'
import type {
  Feed,
  FeedHealth,
  FeedReport,
  FeedScope,
  OpenFeedOptions,
  SourceFeed,
} from '../../feed.ts'
import { isConnectionLost, readServerError, withoutValues } from '../mysql-error.ts'
import { examineFeed, type MysqlFeedDeps, refuseUnready } from './examine-feed.ts'
import { readFeedFacts } from './feed-facts.ts'
import { isLocked, lockOf } from './feed-lock.ts'
import { formatPosition, type GtidPosition, isUpTo, parsePosition } from './gtid-position.ts'
import { judgeHealth } from './judge-health.ts'
import { readLogEnd } from './log-end.ts'
import { hasDropped, openFeed } from './open-feed.ts'

/**
 * Feeds by MariaDB's binary log. The server keeps the log for nobody in particular: nothing is made
 * there by `start`, nothing removed by `drop`, and who reads is told apart by an advisory lock.
 */
export class MysqlSourceFeed implements SourceFeed {
  readonly #deps: MysqlFeedDeps
  /** What this process acknowledged, by name: the server does not know. */
  readonly #acknowledged = new Map<string, GtidPosition>()

  constructor(deps: MysqlFeedDeps) {
    this.#deps = deps
  }

  check(scope: FeedScope, signal: AbortSignal): Promise<FeedReport> {
    return translating(`check the feed "${scope.name}"`, async () => {
      await using session = await this.#deps.connect(signal)
      const { findings, followed, isReady } = await examineFeed(session, scope, signal)
      return { findings, followed, isReady }
    })
  }

  start(
    { name, ...rest }: FeedScope & { readonly mayReplace: boolean },
    signal: AbortSignal,
  ): Promise<SourceCut> {
    return translating(`begin the feed "${name}"`, async () => {
      await this.#refuseUnready({ name, ...rest }, signal)
      return await this.#openCut(name, signal)
    })
  }

  openCut(name: string, signal: AbortSignal): Promise<SourceCut> {
    return translating(`open a cut for the feed "${name}"`, () => this.#openCut(name, signal))
  }

  isUpTo(position: string, cut: string): boolean {
    return isUpTo(parsePosition(position).gtids, parsePosition(cut).gtids)
  }

  readPosition(name: string, signal: AbortSignal): Promise<Pick<Cut, 'position' | 'time'>> {
    return translating(`ask where the log of the feed "${name}" ends`, async () => {
      await using session = await this.#deps.connect(signal)
      return await readLogEnd(session, signal)
    })
  }

  open(options: OpenFeedOptions, signal: AbortSignal): Promise<Feed> {
    const acknowledge = (position: GtidPosition) => {
      this.#acknowledged.set(options.name, position)
    }
    return translating(`open the feed "${options.name}"`, () =>
      openFeed(this.#deps, options, { acknowledge, signal }),
    )
  }

  /** Every table is in the log: there is nothing to extend. */
  extend(): Promise<readonly EntityName[]> {
    return Promise.resolve([])
  }

  readHealth(name: string, signal: AbortSignal, after?: string): Promise<FeedHealth> {
    return translating(`ask how the feed "${name}" is`, async () => {
      await using session = await this.#deps.connect(signal)
      const facts = await readFeedFacts(session, signal)
      const isOpen = await isLocked(session, lockOf(name, this.#deps.identity), signal)
      const acknowledged = this.#acknowledged.get(name)
      const read = after === undefined ? acknowledged : parsePosition(after)
      const files = facts.files ?? []
      const isDropped = read !== undefined && (await hasDropped(session, { files, read }, signal))
      return judgeHealth({ facts, isOpen, acknowledged, read, isDropped })
    })
  }

  /** The server keeps nothing for a feed: there is nothing to remove. */
  drop(name: string): Promise<void> {
    this.#acknowledged.delete(name)
    return Promise.resolve()
  }

  async #refuseUnready(scope: FeedScope, signal: AbortSignal): Promise<void> {
    await using session = await this.#deps.connect(signal)
    refuseUnready(scope.name, await examineFeed(session, scope, signal))
  }

  async #openCut(name: string, signal: AbortSignal): Promise<SourceCut> {
    const cut = await this.#deps.openCut(signal)
    try {
      formatPosition(parsePosition(cut.cut.position))
      return cut
    } catch (cause) {
      await cut[Symbol.asyncDispose]()
      const message = `Cannot begin the feed "${name}": the server does not say where in its log a snapshot stands`
      throw new AppError('connector.feed-not-ready', message, { name }, { cause })
    }
  }
}

/** @param doing what, for the message: `begin the feed "f"` */
async function translating<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const server = readServerError(error)
    if (server !== undefined && !isConnectionLost(error)) {
      const { errno, text } = server
      // Of definitions and settings, not of rows: the text holds no value.
      const message = `Cannot ${doing}: error ${errno}, ${text}`
      const cause = withoutValues(error)
      throw new AppError('connector.feed-not-ready', message, { errno }, { cause })
    }
    if (error instanceof AppError || !isConnectionLost(error)) throw error
    const message = `Cannot ${doing}: the connection was lost`
    throw new AppError('connector.feed-broken', message, {}, { cause: withoutValues(error) })
  }
}
