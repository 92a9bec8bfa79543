import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { CatalogueWatch } from '../../changes/catalogue-watch.ts'
import type { ChangeShape } from '../../changes/change-block.ts'
import type { Feed, FeedMessage, OpenFeedOptions } from '../../feed.ts'
import { isConnectionLost, withoutValues } from '../mysql-error.ts'
import { entityOf, quoteName, tableOf } from '../quote.ts'
import { describeOne, isChanging } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import { isStaged } from '../staged-tables.ts'
import { BinlogDecoder, type Question } from './binlog-decoder.ts'
import type { Charsets } from './charsets.ts'
import type { DumpCommand } from './dump-command.ts'
import type { MysqlFeedDeps } from './examine-feed.ts'
import { formatPosition, type GtidPosition, isUpTo, parsePosition } from './gtid-position.ts'
import { judgeEntity } from './judge-entity.ts'
import { judgeTable } from './judge-table.ts'
import { observeCatalogue } from './observe-catalogue.ts'
import { PacketReader } from './packet-reader.ts'
import { mayChangeRows, type Statement, type TableName, tablesOf } from './read-statement.ts'
import { planRows } from './row-plan.ts'
import { toFeedError } from './server-packets.ts'
import type { TableMap } from './table-map.ts'

export type MysqlFeedParts = {
  /** Asks the catalogue. Both are ours to close. */
  readonly session: Session
  readonly log: Session
  readonly dump: DumpCommand
  readonly after: GtidPosition
  readonly charsets: Charsets
  /** How far the server's clock is ahead of what has passed here, at least. */
  readonly aheadMs: number
  /** Keeps what was acknowledged, for `readHealth`. */
  readonly acknowledge: (position: GtidPosition) => void
}

/** What the server sends when it has nothing else. */
export const HEARTBEAT_MS = 1000
const SILENCE_MAX_MS = 60_000
const WATCH_TICK_MS = 1000

/** One connection over which the log comes, and a session that is asked what its tables are. */
export class MysqlFeed implements Feed {
  readonly #deps: MysqlFeedDeps
  readonly #options: OpenFeedOptions
  readonly #parts: MysqlFeedParts
  readonly #packets = new PacketReader()
  readonly #decoder: BinlogDecoder
  readonly #watch: CatalogueWatch<GtidPosition['gtids']>
  readonly #known: Map<EntityName, DescribedEntity>
  readonly #shapes = new Map<EntityName, ChangeShape>()
  readonly #unfollowed = new Set<EntityName>()
  /** Tables whose definition may have changed since they were described. */
  readonly #altered = new Set<EntityName>()
  readonly #closed = new AbortController()
  #toldAtMs = 0
  #isRead = false

  constructor(deps: MysqlFeedDeps, options: OpenFeedOptions, parts: MysqlFeedParts) {
    this.#deps = deps
    this.#options = options
    this.#parts = parts
    const { database } = deps.identity
    this.#decoder = new BinlogDecoder({ after: parts.after, database })
    this.#known = new Map(options.entities.map((described) => [described.entity, described]))
    this.#watch = new CatalogueWatch({
      clock: deps.clock,
      intervalMs: options.watchIntervalMs,
      observe: (signal) => observeCatalogue(deps, options, signal),
      hasCome: (at, place) => isUpTo(place, at),
    })
  }

  /** @throws connector.feed-invalidated and others, when the server refuses */
  async begin(signal: AbortSignal): Promise<void> {
    const { dump } = this.#parts
    const onAbort = () => dump.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      // The first event names a file; whether the log can be had from there shows with the next.
      for (let seen = 0; seen < BEGIN_EVENTS; seen++) {
        await this.#nextPacket(signal)
        this.#take()
      }
    } catch (error) {
      throw this.#toFeedError(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async *read(signal: AbortSignal): AsyncGenerator<FeedMessage, void, undefined> {
    assert(!this.#isRead, 'A feed is read once.')
    this.#isRead = true
    signal.throwIfAborted()
    const { dump } = this.#parts
    const onAbort = () => dump.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const beside = Promise.all([this.#listen(), this.#look()])
    try {
      for (;;) {
        await this.#nextPacket(signal)
        await this.#takeEvent(signal)
        yield* this.#decoder.out.splice(0)
      }
    } catch (error) {
      signal.throwIfAborted()
      throw this.#toFeedError(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#closed.abort()
      await beside
    }
  }

  acknowledge(position: string): void {
    const acknowledged = parsePosition(position)
    const { gtids } = this.#decoder.position
    assert(isUpTo(acknowledged.gtids, gtids), 'Only what was told can be durable.')
    this.#parts.acknowledge(acknowledged)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#parts.dump.fail(new Error('The feed was closed.'))
    this.#parts.log.destroy()
    await this.#parts.session[Symbol.asyncDispose]()
  }

  async #nextPacket(signal: AbortSignal): Promise<void> {
    while (!this.#packets.next()) {
      signal.throwIfAborted()
      this.#packets.push(await this.#parts.dump.next())
    }
  }

  #take(): ReturnType<BinlogDecoder['take']> {
    const { buffer, end, start } = this.#packets
    if (buffer[start] !== OK) throw toFeedError(this.#options.name, buffer.subarray(start, end))
    return this.#decoder.take(buffer, start + 1, end)
  }

  async #takeEvent(signal: AbortSignal): Promise<void> {
    const asked = this.#take()
    if (asked === undefined) return
    if (asked === 'idle' || asked === 'moved') {
      this.#tellIdle(asked)
      return
    }
    if (asked.kind === 'table') {
      await this.#judge(asked.map, signal)
      await this.#takeEvent(signal)
      return
    }
    this.#answer(asked)
    if (asked.kind === 'statement' && this.#decoder.endStatement() === 'moved') {
      this.#tellIdle('moved')
    }
  }

  /** Where others write without a pause, that is told once in a while too. */
  #tellIdle(found: 'idle' | 'moved'): void {
    const nowMs = this.#deps.clock.passedMs()
    if (found === 'moved' && nowMs - this.#toldAtMs < HEARTBEAT_MS) return
    this.#toldAtMs = nowMs
    const { position } = this.#decoder
    const time = new Date(nowMs + this.#parts.aheadMs).toISOString()
    this.#decoder.out.push({ kind: 'idle', position: formatPosition(position), time })
    const message = this.#watch.takeAt(position.gtids)
    if (message === undefined) return
    this.#known.clear()
    this.#altered.clear()
    for (const described of message.catalogue.entities) this.#known.set(described.entity, described)
    this.#decoder.out.push(message)
  }

  /** Decides what the rows of a table are, before the first of them is taken. */
  async #judge(map: TableMap, signal: AbortSignal): Promise<void> {
    const entity = entityOf(map.table)
    if (!this.#isCovered(entity)) {
      this.#decoder.judge(map, { kind: 'ignore' })
      return
    }
    const { charsets, session } = this.#parts
    await charsets.learn(
      session,
      map.columns.map(({ collation }) => collation),
      signal,
    )
    const known = this.#known.get(entity)
    const isAltered = this.#altered.has(entity)
    const readLive = () => describeOne(session, map.table, signal)
    const answer = await judgeTable({ map, readLive, known, isAltered, charsets })
    if (answer.kind !== 'follow') {
      // What was left to scans all the time is known to be.
      const isNews = known === undefined || judgeEntity(known) === undefined
      if (isNews && answer.kind === 'unfollowed') {
        this.#unfollow(entity, answer.reason, answer.remedy)
      }
      this.#decoder.judge(map, { kind: 'ignore' })
      return
    }
    this.#altered.delete(entity)
    this.#tellDescribed(answer.described)
    const plan = planRows(map, this.#shapeOf(answer.described), answer.forms)
    this.#decoder.judge(map, { kind: 'follow', plan })
  }

  #tellDescribed(described: DescribedEntity): void {
    const { entity } = described
    const known = this.#known.get(entity)
    const isSame =
      known !== undefined && formatCanonicalJson(known) === formatCanonicalJson(described)
    if (isSame && !this.#unfollowed.has(entity)) return
    this.#unfollowed.delete(entity)
    this.#known.set(entity, described)
    this.#watch.outdate()
    this.#decoder.interject({ kind: 'described', entity, described })
  }

  /** One object as long as rows are told alike. */
  #shapeOf({ entity, fields, key }: DescribedEntity): ChangeShape {
    const wanted = { entity, fields: fields.map(({ name }) => name), key: key?.fields ?? [] }
    const known = this.#shapes.get(entity)
    const isSame = known !== undefined && formatCanonicalJson(known) === formatCanonicalJson(wanted)
    const shape = isSame ? known : wanted
    this.#shapes.set(entity, shape)
    return shape
  }

  #answer(asked: Exclude<Question, { kind: 'table' }>): void {
    if (asked.kind === 'statement') {
      this.#takeStatement(asked.statement, asked.isOwn)
      return
    }
    const found = 'a session left fields of new rows, or the key, out of the log'
    this.#unfollow(asked.shape.entity, `${found} (binlog_row_image)`, [
      'SET GLOBAL binlog_row_image = FULL;',
      'Let no session set binlog_row_image',
    ])
    this.#decoder.forgetVerdicts()
  }

  /** What a statement does to what is followed. */
  #takeStatement(statement: Statement, isOwn: boolean): void {
    switch (statement.kind) {
      case 'truncate':
        this.#empty(statement.table)
        return
      case 'drop':
        for (const table of statement.tables) this.#empty(table)
        break
      case 'drop-database':
        for (const entity of this.#known.keys()) {
          this.#empty({ database: statement.database, table: tableOf(entity) })
        }
        break
      case 'create':
        if (statement.isReplaced) this.#empty(statement.table)
        break
      case 'rename':
        for (const [from, to] of statement.pairs) this.#rename(from, to)
        break
      case 'alter':
        this.#alter(statement)
        break
      case 'rows':
        this.#takeUnknownRows(statement.names, isOwn)
        return
      case 'xa-commit':
        this.#unfollowEach(this.#decoder.takePrepared(statement.xid), XA_REASON, XA_REMEDY)
        return
      case 'xa-rollback':
        this.#decoder.takePrepared(statement.xid)
        return
      case 'definition':
        break
      default:
        return
    }
    if (!this.#concerns(statement)) return
    for (const entity of this.#known.keys()) this.#altered.add(entity)
    this.#decoder.forgetVerdicts()
    this.#watch.outdate()
  }

  /** Whether it may be about tables of ours. */
  #concerns(statement: Statement): boolean {
    const { database } = this.#deps.identity
    return tablesOf(statement)?.some((table) => table.database === database) ?? true
  }

  #empty(name: TableName): void {
    const entity = this.#followed(name)
    if (entity !== undefined) this.#decoder.truncate(entity, true)
  }

  #rename(from: TableName, to: TableName): void {
    this.#empty(from)
    const entity = this.#own(to)
    if (entity === undefined) return
    const reason = `its rows are those that ${quoteName(from.table)} had, which was renamed`
    this.#unfollow(entity, reason, [])
  }

  #alter({ clauses, newName, table }: Statement & { kind: 'alter' }): void {
    if (newName !== undefined) this.#rename(table, newName)
    const entity = this.#followed(table)
    if (entity === undefined || newName !== undefined || !mayChangeRows(clauses)) return
    this.#unfollow(entity, 'it was altered in a way that may have changed its rows', [])
  }

  /** A statement stands in the log instead of the rows that it changed. */
  #takeUnknownRows(names: ReadonlySet<string>, isOwn: boolean): void {
    const { database } = this.#deps.identity
    if (!isOwn && !names.has(database.toLowerCase()) && names.size > 0) return
    const named = [...this.#known.keys()].filter((entity) => {
      return names.has(tableOf(entity).toLowerCase())
    })
    // Through a view, a trigger or a function it may be any.
    this.#unfollowEach(named.length > 0 ? named : undefined, STATEMENT_REASON, STATEMENT_REMEDY)
  }

  #unfollowEach(
    entities: Iterable<EntityName> | undefined,
    reason: string,
    remedy: readonly string[],
  ): void {
    for (const entity of entities ?? this.#known.keys()) {
      const known = this.#known.get(entity)
      if (!this.#isCovered(entity)) continue
      if (known === undefined || judgeEntity(known) === undefined) {
        this.#unfollow(entity, reason, remedy)
      }
    }
    this.#decoder.forgetVerdicts()
  }

  #unfollow(entity: EntityName, reason: string, remedy: readonly string[]): void {
    if (this.#unfollowed.has(entity)) return
    this.#unfollowed.add(entity)
    this.#decoder.interject({ kind: 'unfollowed', entity, reason, remedy })
  }

  /** The entity of a table of ours that is covered. */
  #own({ database, table }: TableName): EntityName | undefined {
    if (database !== this.#deps.identity.database || table === '') return undefined
    const entity = entityOf(table)
    return this.#isCovered(entity) ? entity : undefined
  }

  /** One whose changes are told. */
  #followed(name: TableName): EntityName | undefined {
    const entity = this.#own(name)
    const known = entity === undefined ? undefined : this.#known.get(entity)
    if (entity === undefined || known === undefined || this.#unfollowed.has(entity))
      return undefined
    return judgeEntity(known) === undefined ? entity : undefined
  }

  #isCovered(entity: EntityName): boolean {
    return !isStaged(tableOf(entity)) && this.#options.isCovered(entity)
  }

  /** Gives a server up that is silent: it says every second that it has nothing to say. */
  async #listen(): Promise<void> {
    const { clock } = this.#deps
    const { dump } = this.#parts
    const { signal } = this.#closed
    try {
      for (let silentMs = 0; silentMs < SILENCE_MAX_MS; silentMs += HEARTBEAT_MS) {
        await clock.sleep(HEARTBEAT_MS, signal)
        if (dump.hasHeard || dump.isPaused) silentMs = 0
        dump.hasHeard = false
      }
      dump.fail(this.#broken(`the server was silent for ${SILENCE_MAX_MS / 1000} s`))
    } catch (error) {
      if (!signal.aborted) dump.fail(error)
    }
  }

  /** Looks at the catalogue when it is time, beside the reading. */
  async #look(): Promise<void> {
    const { signal } = this.#closed
    try {
      for (;;) {
        await this.#lookOnce(signal)
        await this.#deps.clock.sleep(WATCH_TICK_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) this.#parts.dump.fail(error)
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    try {
      await this.#watch.look(signal)
    } catch (error) {
      if (!isChanging(error)) throw error
      // The catalogue changed while it was read: the log will tell, and then it is looked at again.
      this.#watch.outdate()
    }
  }

  #toFeedError(error: unknown): unknown {
    if (error instanceof AppError || !isConnectionLost(error)) return error
    return this.#broken('the connection was lost', withoutValues(error))
  }

  #broken(found: string, cause?: unknown): AppError {
    const { name } = this.#options
    const message = `Cannot read the feed "${name}": ${found}`
    return new AppError('connector.feed-broken', message, { name }, { cause })
  }
}

/** What stands before the payload of an event. */
const OK = 0
/** The name of the file and its description come before anything that can be refused. */
const BEGIN_EVENTS = 2

const XA_REASON = 'an XA transaction changed it, which the log told before it was committed'
const XA_REMEDY = ['Follow what XA transactions write to by scans']
const STATEMENT_REASON = 'the log holds a statement instead of the rows that it changed'
const STATEMENT_REMEDY = [
  'SET GLOBAL binlog_format = ROW;',
  'Let no session set binlog_format to STATEMENT or MIXED',
]
