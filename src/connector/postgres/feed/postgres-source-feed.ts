import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { SourceCut } from '../../connector.ts'
import type {
  Feed,
  FeedHealth,
  FeedReport,
  FeedScope,
  OpenFeedOptions,
  SourceFeed,
} from '../../feed.ts'
import {
  isChanging,
  isConnectionLost,
  readServerError,
  toLostError,
  WAS_CHANGED,
  withoutValues,
} from '../pg-error.ts'
import { quoteName } from '../quote.ts'
import { readServerVersion } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import { dropSlot } from './drop-slot.ts'
import { examineFeed, type PostgresFeedDeps, refuseUnready } from './examine-feed.ts'
import { readFeedFacts, readKeepBytesMax, readSlot } from './feed-facts.ts'
import {
  makePassingSlot,
  noRoom,
  OPENING_CUT,
  readLogIdentity,
  slotExists,
} from './feed-session.ts'
import { judgeHealth } from './judge-health.ts'
import { readLogEnd } from './log-end.ts'
import { formatPosition, parsePosition } from './lsn.ts'
import { openFeed } from './open-feed.ts'
import type { PostgresFeed } from './postgres-feed.ts'
import { makeSettledSlot } from './settled-slot.ts'

const NAME = /^[a-z0-9_]{1,63}$/

/** Feeds by logical replication: a publication and a slot, both called as the feed. */
export class PostgresSourceFeed implements SourceFeed {
  readonly #deps: PostgresFeedDeps
  /** By name, the feed that was opened last; maybe closed since. */
  readonly #opened = new Map<string, PostgresFeed>()

  constructor(deps: PostgresFeedDeps) {
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
    options: FeedScope & { readonly mayReplace: boolean },
    signal: AbortSignal,
  ): Promise<SourceCut> {
    return translating(`begin the feed "${options.name}"`, () => this.#start(options, signal))
  }

  async #start(
    { mayReplace, ...scope }: FeedScope & { readonly mayReplace: boolean },
    signal: AbortSignal,
  ): Promise<SourceCut> {
    const { clock } = this.#deps
    assert(NAME.test(scope.name), 'The name of a feed is one that a slot can have.')
    await using session = await this.#deps.connect(signal)
    const judged = await examineFeed(session, scope, signal)
    refuseUnready(scope.name, judged)
    const slot = await readSlot(session, await slotQuestion(session, scope.name, signal), signal)
    if (slot !== undefined) {
      if (!mayReplace) throw slotExists(scope.name)
      await dropSlot({ clock, session }, scope.name, signal)
    }
    // Committed before the slot begins: the stream looks the publication up as of each change.
    if (judged.createSql !== null) await session.query(judged.createSql, signal)
    const [[time] = []] = await session.query(NOW, signal)
    await using log = await this.#deps.connectToLog(signal)
    const { timeline } = await readLogIdentity(log, signal)
    const making = { clock, log, session }
    const { lsn, snapshot } = await makeSettledSlot(making, scope.name, signal)
    const position = formatPosition({ lsn, timeline })
    try {
      return await this.#deps.openCutAt({ snapshot, position, time: time ?? '' }, signal)
    } catch (error) {
      // A slot that nobody knows of would keep the server's log for ever.
      await dropSlot(making, scope.name, new AbortController().signal)
      throw error
    }
  }

  open(options: OpenFeedOptions, signal: AbortSignal): Promise<Feed> {
    return translating(`open the feed "${options.name}"`, async () => {
      const feed = await openFeed(this.#deps, options, signal)
      this.#opened.set(options.name, feed)
      return feed
    })
  }

  openCut(name: string, signal: AbortSignal): Promise<SourceCut> {
    return translating('open a cut', async () => {
      const time = await this.#readTime(signal)
      await using log = await this.#connectForCut(signal)
      const { timeline } = await readLogIdentity(log, signal)
      const { lsn, snapshot } = await makePassingSlot(log, signal)
      const position = formatPosition({ lsn, timeline })
      const cut = await this.#deps.openCutAt({ snapshot, position, time }, signal)
      this.#opened.get(name)?.comeTo(lsn)
      return cut
    })
  }

  isUpTo(position: string, cut: string): boolean {
    return parsePosition(position).lsn <= parsePosition(cut).lsn
  }

  /** @throws connector.feed-not-ready on a standby, where a slot would wait for its primary */
  async #readTime(signal: AbortSignal): Promise<string> {
    await using session = await this.#deps.connect(signal)
    await refuseStandby(session, OPENING_CUT, signal)
    const [[time] = []] = await session.query(NOW, signal)
    return time ?? ''
  }

  /** @throws connector.feed-not-ready */
  async #connectForCut(signal: AbortSignal): Promise<Session> {
    try {
      return await this.#deps.connectToLog(signal)
    } catch (error) {
      const said = readServerError(error instanceof AppError ? error.cause : error)
      if (said?.sqlState === '53300') throw noRoom('max_wal_senders', withoutValues(error))
      throw error
    }
  }

  extend(scope: FeedScope, signal: AbortSignal): Promise<readonly EntityName[]> {
    return translating(`extend the feed "${scope.name}"`, async () => {
      await using session = await this.#deps.connect(signal)
      const { additions } = await examineFeed(session, scope, signal)
      for (const { sql } of additions) await session.query(sql, signal)
      return additions.map(({ entity }) => entity)
    })
  }

  readPosition(name: string, signal: AbortSignal): Promise<Pick<Cut, 'position' | 'time'>> {
    return translating(`ask where the log of the feed "${name}" ends`, async () => {
      await using session = await this.#deps.connect(signal)
      await refuseStandby(session, `ask where the log of the feed "${name}" ends`, signal)
      const end = await readLogEnd(session, signal)
      this.#opened.get(name)?.comeTo(parsePosition(end.position).lsn)
      return end
    })
  }

  readHealth(name: string, signal: AbortSignal): Promise<FeedHealth> {
    return translating(`ask how the feed "${name}" is`, async () => {
      await using session = await this.#deps.connect(signal)
      const slot = await readSlot(session, await slotQuestion(session, name, signal), signal)
      return judgeHealth(slot, await readKeepBytesMax(session, signal))
    })
  }

  drop(name: string, signal: AbortSignal): Promise<void> {
    return translating(`remove the feed "${name}"`, () => this.#drop(name, signal))
  }

  async #drop(name: string, signal: AbortSignal): Promise<void> {
    await using session = await this.#deps.connect(signal)
    const slot = await readSlot(session, await slotQuestion(session, name, signal), signal)
    if (slot !== undefined) await dropSlot({ clock: this.#deps.clock, session }, name, signal)
    const { publication } = await readFeedFacts(session, name, signal)
    // One that somebody else made is theirs; without a slot it costs the source nothing.
    if (publication?.isOurs) {
      await session.query(`drop publication if exists ${quoteName(name)}`, signal)
    }
  }
}

/** @param doing what, for the message: `begin the feed "f"` */
async function translating<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isChanging(error)) {
      const message = `Cannot ${doing}: ${WAS_CHANGED}`
      const cause = withoutValues(error)
      throw new AppError('connector.feed-broken', message, {}, { cause })
    }
    const server = readServerError(error)
    if (server === undefined || isConnectionLost(error)) throw toLostError(error, doing)
    const { sqlState, text } = server
    const code = CODE_BY_STATE.get(sqlState) ?? 'connector.feed-not-ready'
    // Of definitions, not of rows: the text holds no value.
    const message = `Cannot ${doing}: SQLSTATE ${sqlState}, ${text}`
    throw new AppError(code, message, { sqlState }, { cause: withoutValues(error) })
  }
}

const CODE_BY_STATE: ReadonlyMap<string, `connector.${string}`> = new Map([
  ['42501', 'connector.denied'],
  ['55P03', 'connector.feed-waiting'],
])

async function refuseStandby(session: Session, doing: string, signal: AbortSignal): Promise<void> {
  const sql = 'select pg_catalog.pg_is_in_recovery()'
  const [[isStandby] = []] = await session.query(sql, signal)
  if (isStandby !== 't') return
  const found = 'the server is a standby; give the address of the primary'
  throw new AppError('connector.feed-not-ready', `Cannot ${doing}: ${found}`)
}

// The time before the snapshot: whatever was committed until then is in it.
const NOW = `select pg_catalog.to_char(pg_catalog.statement_timestamp() at time zone 'UTC',
  'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

async function slotQuestion(session: Session, name: string, signal: AbortSignal) {
  return { name, version: await readServerVersion(session, signal) }
}
