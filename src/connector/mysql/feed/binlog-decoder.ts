import type { EntityName } from '#record/entity-name'
import { BLOCK_BYTES } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ChangeShape } from '../../changes/change-block.ts'
import type { FeedBegin, FeedMessage } from '../../feed.ts'
import {
  checkEvent,
  describesSums,
  EVENT,
  EVENT_HEADER_BYTES,
  type EventHeader,
  hasRightSum,
  readEventHeader,
} from './binlog-event.ts'
import { type ColumnLayout, layoutOf } from './column-layout.ts'
import { formatPosition, type Gtid, type GtidPosition } from './gtid-position.ts'
import { readQueryEvent } from './query-event.ts'
import { readStatement, type Statement } from './read-statement.ts'
import { RowBlock } from './row-block.ts'
import { isRowEvent, type RowEvent, readRowEvent, readTableId } from './row-event.ts'
import type { RowPlan, Verdict } from './row-plan.ts'
import { RowView } from './row-view.ts'
import { readTableMap, type TableMap } from './table-map.ts'

/** Entities of one transaction whose blocks are kept for the next one. */
const BLOCKS_KEPT_MAX = 64
const TABLES_KEPT_MAX = 4096

export type BinlogDecoderOptions = {
  readonly after: GtidPosition
  /** The database that is read; others are passed over. */
  readonly database: string
}

/** What the decoder cannot know by itself. */
export type Question =
  | { readonly kind: 'table'; readonly map: TableMap }
  | { readonly kind: 'statement'; readonly statement: Statement; readonly isOwn: boolean }
  /** A row whose event has not all that its table needs. */
  | { readonly kind: 'partial'; readonly shape: ChangeShape }

/**
 * Turns events of the binary log into messages of a feed. It asks nobody: `take` says what it needs
 * an answer on. After a verdict on a table it is called again with the same event; statements and
 * partial rows are taken by then.
 *
 * A transaction is handed out with its first full block or its commit, so that a small one that
 * turns out to be none was never told. Holds at most about `BLOCK_BYTES` of rows over all entities,
 * one event, and one row.
 */
export class BinlogDecoder {
  readonly #database: string
  readonly #tables = new Map<number, Known>()
  readonly #blocks = new Map<ChangeShape, RowBlock>()
  /** What is decoded and waits to be taken by the caller, in order. */
  readonly out: FeedMessage[] = []
  readonly #gtids: Map<number, Gtid>
  #file: string | null
  #offset: number
  /** Of the file that is being sent. */
  #sentFile: string | null = null
  #hasSums = false
  #group: Group | undefined
  #waitingBytes = 0
  /** Prepared, and neither committed nor rolled back as far as was read. */
  readonly #prepared = new Map<string, Set<EntityName>>()

  constructor({ after, database }: BinlogDecoderOptions) {
    this.#database = database
    this.#gtids = new Map(after.gtids)
    this.#file = after.file
    this.#offset = after.offset
  }

  /** Behind everything that was told or did not concern us. Only right outside a transaction. */
  get position(): GtidPosition {
    return { gtids: this.#gtids, file: this.#file, offset: this.#offset }
  }

  get isInGroup(): boolean {
    return this.#group !== undefined
  }

  /**
   * @param event from `start` to `end`; views into it are not kept
   * @returns what must be answered, `idle` when the source has nothing more, `moved` after a
   *   transaction that concerned nobody
   */
  take(event: Buffer, start: number, end: number): Question | 'idle' | 'moved' | undefined {
    const header = readEventHeader(event, start)
    const at = start + EVENT_HEADER_BYTES
    const place = { buffer: event, at, end: this.#endOf(event, { start, end, header }) }
    if (isRowEvent(header.kind)) return this.#takeRows(header.kind, place)
    switch (header.kind) {
      case EVENT.gtid:
        this.#begin(header, place)
        return undefined
      case EVENT.tableMap:
        this.#announce(place)
        return undefined
      case EVENT.xid:
      case EVENT.xaPrepare:
        return this.#commit(header)
      case EVENT.query:
      case EVENT.queryCompressed:
        return this.#takeQuery(header, place)
      case EVENT.rotate:
        this.#sentFile = event.toString('utf8', at + 8, place.end)
        return undefined
      case EVENT.description:
        this.#hasSums = describesSums(event, end)
        // A server that begins anew left what it was writing behind.
        if (this.#group !== undefined) this.#abandon(undefined)
        return undefined
      case EVENT.heartbeat:
        return this.#takeHeartbeat(header, event.toString('utf8', at, place.end))
      case EVENT.incident:
        throw new AppError(
          'connector.feed-invalidated',
          'Cannot read the feed: the server lost events of its log and says so in it (incident)',
        )
      case EVENT.beginLoad:
      case EVENT.executeLoad:
        return statement({ kind: 'rows', names: new Set() }, true)
      default:
        return passOver(header.kind)
    }
  }

  /** What to do with changes of the table until its definition may have changed. */
  judge({ id }: TableMap, verdict: Verdict): void {
    const known = this.#tables.get(id)
    assert(known !== undefined, 'A verdict is on a table that was announced.')
    known.verdict = verdict
  }

  /** Every table is to be judged again: definitions changed. */
  forgetVerdicts(): void {
    for (const known of this.#tables.values()) known.verdict = undefined
  }

  /** Something that comes right before what is being decoded. Flushes what was decoded so far. */
  interject(message: FeedMessage): void {
    this.#flush()
    this.out.push(message)
  }

  /** All rows of an entity went, or some that nobody can name. */
  truncate(entity: EntityName, isWhole: boolean): void {
    this.#beginTelling()
    this.#flush()
    this.out.push({ kind: 'truncate', entity, isWhole })
  }

  /** Ends the transaction of a statement that was answered. */
  endStatement(): 'moved' | undefined {
    const group = this.#group
    return group?.isStandalone === true ? this.#end(group, group.place) : undefined
  }

  /** The entities that a prepared transaction changed; `undefined`: it was prepared before. */
  takePrepared(xid: string): ReadonlySet<EntityName> | undefined {
    const entities = this.#prepared.get(xid)
    this.#prepared.delete(xid)
    return entities
  }

  #endOf(
    event: Buffer,
    { end, header, start }: { start: number; end: number; header: EventHeader },
  ): number {
    if (header.kind === EVENT.description) return end
    // The first event of all comes before the description.
    const hasSum = header.kind === EVENT.rotate ? hasRightSum(event, start, end) : this.#hasSums
    return checkEvent(event, { start, end, hasSum })
  }

  #begin(header: EventHeader, { at, buffer }: Place): void {
    if (this.#group !== undefined) this.#abandon(undefined)
    // Every statement announces its tables again.
    if (this.#tables.size >= TABLES_KEPT_MAX) this.#tables.clear()
    const sequence = buffer.readBigUInt64LE(at)
    const domain = buffer.readUInt32LE(at + 8)
    const flags = buffer[at + 12] ?? 0
    const text = `${domain}-${header.serverId}-${sequence}`
    const time = `${new Date(header.time * 1000).toISOString().slice(0, 19)}Z`
    this.#group = {
      gtid: { domain, text, sequence },
      begin: { kind: 'begin', transaction: text, time },
      isStandalone: (flags & STANDALONE) !== 0,
      isPrepared: (flags & PREPARED_XA) !== 0,
      isBegun: false,
      isDoubtful: false,
      xid: '',
      entities: new Set(),
      place: header.end,
    }
  }

  #commit(header: EventHeader): 'moved' | undefined {
    const group = this.#group
    if (group === undefined) return undefined
    if (group.isPrepared) this.#prepared.set(group.xid, group.entities)
    if (!group.isDoubtful) return this.#end(group, header.end)
    this.#abandon(header.end)
    return undefined
  }

  #end(group: Group, offset: number): 'moved' | undefined {
    this.#flush()
    this.#moveTo(offset)
    this.#gtids.set(group.gtid.domain, group.gtid)
    this.#group = undefined
    if (this.#blocks.size > BLOCKS_KEPT_MAX) this.#blocks.clear()
    if (!group.isBegun) return 'moved'
    const { time, transaction } = group.begin
    this.out.push({ kind: 'commit', transaction, time, position: formatPosition(this.position) })
    return undefined
  }

  /**
   * The transaction was none. What was handed out of it cannot be taken back: its entities are to be
   * scanned.
   *
   * @param offset where it ends in the log; `undefined`: it was never finished
   */
  #abandon(offset: number | undefined): void {
    const group = this.#group
    assert(group !== undefined, 'A transaction was begun.')
    for (const block of this.#blocks.values()) block.clear()
    this.#waitingBytes = 0
    this.#group = undefined
    if (offset !== undefined) {
      this.#moveTo(offset)
      this.#gtids.set(group.gtid.domain, group.gtid)
    }
    if (!group.isBegun) return
    for (const entity of group.entities) this.out.push({ kind: 'truncate', entity, isWhole: false })
    const { time, transaction } = group.begin
    this.out.push({ kind: 'commit', transaction, time, position: formatPosition(this.position) })
  }

  #moveTo(offset: number): void {
    this.#file = this.#sentFile ?? this.#file
    this.#offset = offset
  }

  #takeHeartbeat(header: EventHeader, file: string): 'idle' | undefined {
    if (this.#group !== undefined) return undefined
    this.#sentFile = file
    if (header.end > 0) this.#moveTo(header.end)
    return 'idle'
  }

  #takeQuery(header: EventHeader, { at, buffer, end }: Place): Question | 'moved' | undefined {
    const isCompressed = header.kind === EVENT.queryCompressed
    const query = readQueryEvent(buffer, { at, end, isCompressed })
    const said = readStatement(query.sql, query)
    const group = this.#group
    if (group !== undefined) group.place = header.end
    switch (said.kind) {
      case 'commit':
        return this.#commit(header)
      case 'rollback':
        if (group !== undefined) this.#abandon(header.end)
        return undefined
      case 'rollback-to':
        if (group !== undefined) group.isDoubtful = true
        return undefined
      case 'xa-end':
        if (group !== undefined) group.xid = said.xid
        return undefined
      case 'begin':
      case 'savepoint':
        return undefined
      default:
        return statement(said, query.database === this.#database)
    }
  }

  #announce({ at, buffer, end }: Place): void {
    const id = readTableId(buffer, at)
    const known = this.#tables.get(id)
    if (known !== undefined && known.bytes.compare(buffer, at, end) === 0) return
    const map = readTableMap(buffer, at, end)
    const isOwn = map.database === this.#database
    const layouts = isOwn ? map.columns.map(layoutOf) : []
    this.#tables.set(id, {
      map,
      bytes: Buffer.from(buffer.subarray(at, end)),
      verdict: isOwn ? undefined : { kind: 'ignore' },
      ...viewsOf(layouts),
    })
  }

  #takeRows(kind: number, place: Place): Question | undefined {
    const id = readTableId(place.buffer, place.at)
    if (id === NO_TABLE) return undefined
    const known = this.#tables.get(id)
    if (known === undefined || this.#group === undefined) {
      const found = `a change of table ${id}, which was not announced`
      throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
    }
    const { verdict } = known
    if (verdict === undefined) return { kind: 'table', map: known.map }
    if (verdict.kind === 'ignore') return undefined
    const { plan } = verdict
    this.#group.entities.add(plan.shape.entity)
    // Not committed yet, and perhaps never: `XA COMMIT` says so later.
    if (this.#group.isPrepared) return undefined
    const event = readRowEvent(kind, place)
    const isWhole = event.after.length === known.map.columns.length
    if (!isWhole && !isTold(event, plan)) return { kind: 'partial', shape: plan.shape }
    this.#write(event, known, plan)
    return undefined
  }

  #write(event: RowEvent, { old, row }: Known, plan: RowPlan): void {
    const { after, before, buffer, end, op } = event
    const block = this.#blockOf(plan.shape)
    for (let at = event.at; at < end; ) {
      const waiting = block.bytes
      if (op !== 'insert') at = old.read(buffer, at, { end, present: before })
      if (op !== 'delete') at = row.read(buffer, at, { end, present: after })
      if (op === 'insert') block.insert(plan, row)
      else if (op === 'update') block.update(plan, row, old)
      else block.delete(plan, old)
      // A block that was just handed out counts as none. Many small ones weigh as much as a full one.
      this.#waitingBytes += Math.max(block.bytes - waiting, 0)
      if (this.#waitingBytes >= BLOCK_BYTES) this.#flush()
    }
  }

  #blockOf(shape: ChangeShape): RowBlock {
    let block = this.#blocks.get(shape)
    if (block === undefined) {
      block = new RowBlock(shape, (changes) => {
        this.#beginTelling()
        this.out.push(changes)
      })
      this.#blocks.set(shape, block)
    }
    return block
  }

  #beginTelling(): void {
    const group = this.#group
    assert(group !== undefined, 'A change belongs to a transaction.')
    if (group.isBegun) return
    group.isBegun = true
    this.out.push(group.begin)
  }

  #flush(): void {
    this.#waitingBytes = 0
    for (const block of this.#blocks.values()) block.flush()
  }
}

type Known = {
  readonly map: TableMap
  /** As it was announced. */
  readonly bytes: Buffer
  verdict: Verdict | undefined
  readonly row: RowView
  readonly old: RowView
}

/** What the log holds together: a transaction, or one statement. */
type Group = {
  readonly gtid: Gtid
  readonly begin: FeedBegin
  /** One statement, which nothing ends. */
  readonly isStandalone: boolean
  readonly isPrepared: boolean
  isBegun: boolean
  /** A part of it was rolled back, and the log does not say which. */
  isDoubtful: boolean
  xid: string
  readonly entities: Set<EntityName>
  /** Where its last event ends. */
  place: number
}

type Place = { readonly buffer: Buffer; readonly at: number; readonly end: number }

function viewsOf(layouts: readonly ColumnLayout[]): { row: RowView; old: RowView } {
  return { row: new RowView(layouts), old: new RowView(layouts) }
}

/** Whether the event has the key of every row, and of a new row everything. */
function isTold({ after, before, op }: RowEvent, { columnByField, keyFields }: RowPlan): boolean {
  if (op === 'insert') return columnByField.every((column) => after.includes(column))
  return keyFields.every((field) => before.includes(columnByField[field] ?? -1))
}

function statement(said: Statement, isOwn: boolean): Question | undefined {
  return { kind: 'statement', statement: said, isOwn }
}

function passOver(kind: number): undefined {
  if (PASSED_OVER.has(kind)) return undefined
  const found = `an event of kind ${kind}`
  throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
}

const PASSED_OVER: ReadonlySet<number> = new Set([
  EVENT.stop,
  EVENT.intvar,
  EVENT.rand,
  EVENT.userVar,
  EVENT.annotateRows,
  EVENT.checkpoint,
  EVENT.gtidList,
  EVENT.startEncryption,
])

/** Flags of a GTID event. */
const STANDALONE = 1
const PREPARED_XA = 64
/** Of an event that only ends a statement. */
const NO_TABLE = 0xffffff
