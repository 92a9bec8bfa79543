import { type EntityName, formatEntityName } from '#record/entity-name'
import { BLOCK_BYTES } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ChangeShape } from '../../changes/change-block.ts'
import type { FeedBegin, FeedMessage } from '../../feed.ts'
import { formatPosition, formatTime } from './lsn.ts'
import { readRelation } from './read-relation.ts'
import type { Relation, RowPlan, Verdict } from './relation.ts'
import { RowBlock } from './row-block.ts'
import { TupleView } from './tuple-view.ts'

/** Entities of one transaction whose blocks are kept for the next one. */
const BLOCKS_KEPT_MAX = 64

export type FeedDecoderOptions = {
  /** Transactions that were committed at or before it are passed over. */
  readonly after: bigint
  readonly timeline: number
  /** The server does not vouch for its text being UTF-8. */
  readonly isUnchecked: boolean
}

/**
 * Turns the messages of pgoutput, protocol 1, into messages of a feed. It asks nobody: `take` says
 * which relation it needs a verdict on, and is called again with the same message.
 *
 * Holds at most about `BLOCK_BYTES` of rows over all entities, and one row.
 */
export class FeedDecoder {
  readonly #options: FeedDecoderOptions
  readonly #announced = new Map<number, Known>()
  readonly #blocks = new Map<ChangeShape, RowBlock>()
  /** What is decoded and waits to be taken by the caller, in order. */
  readonly out: FeedMessage[] = []
  /** Everything up to here was told or did not concern us. Only right outside a transaction. */
  position: bigint
  #transaction: FeedBegin | undefined
  #isPassedOver = false
  #isBegun = false
  #waitingBytes = 0

  constructor(options: FeedDecoderOptions) {
    this.#options = options
    this.position = options.after
  }

  get isInTransaction(): boolean {
    return this.#transaction !== undefined
  }

  /** @param message of pgoutput, from `at` on; views into it are not kept */
  take(message: Buffer, at: number): Relation | undefined {
    switch (message[at]) {
      case INSERT:
      case UPDATE:
      case DELETE:
        return this.#isPassedOver ? undefined : this.#takeChange(message, at)
      case BEGIN:
        this.#begin(message, at + 1)
        return undefined
      case COMMIT:
        this.#commit(message, at + 1)
        return undefined
      case RELATION:
        this.#announce(readRelation(message, at + 1))
        return undefined
      case TRUNCATE:
        return this.#isPassedOver ? undefined : this.#truncate(message, at + 1)
      case TYPE:
      case ORIGIN:
      case LOGICAL_MESSAGE:
        return undefined
      default: {
        const found = `a message of kind ${message[at]}`
        throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
      }
    }
  }

  /** What to do with changes of the relation until it is announced again. */
  judge({ oid }: Relation, verdict: Verdict): void {
    const known = this.#announced.get(oid)
    assert(known !== undefined, 'A verdict is on a relation that was announced.')
    known.verdict = verdict
  }

  /** Something that comes right before what is being decoded. Flushes what was decoded so far. */
  interject(message: FeedMessage): void {
    this.#flush()
    this.out.push(message)
  }

  /** The server has nothing to tell before `position`. Returns whether that says anything. */
  idle(position: bigint, time: number): boolean {
    if (this.isInTransaction) return false
    if (position > this.position) this.position = position
    this.out.push({
      kind: 'idle',
      position: formatPosition({ lsn: this.position, timeline: this.#options.timeline }),
      time: formatTime(time),
    })
    return true
  }

  #begin(message: Buffer, at: number): void {
    const commit = message.readBigUInt64BE(at)
    const time = Number(message.readBigInt64BE(at + 8))
    const transaction = String(message.readUInt32BE(at + 16))
    this.#transaction = { kind: 'begin', transaction, time: formatTime(time) }
    // A position lies behind the commit it belongs to, and `commit` is where that begins.
    this.#isPassedOver = commit < this.#options.after
    this.#isBegun = false
  }

  #commit(message: Buffer, at: number): void {
    const position = message.readBigUInt64BE(at + 9)
    const begin = this.#transaction
    assert(begin !== undefined, 'A commit ends a transaction.')
    if (position > this.position) this.position = position
    if (this.#isBegun) {
      this.#flush()
      const { timeline } = this.#options
      this.out.push({
        kind: 'commit',
        transaction: begin.transaction,
        time: begin.time,
        position: formatPosition({ lsn: position, timeline }),
      })
    }
    this.#transaction = undefined
    this.#isPassedOver = false
    if (this.#blocks.size > BLOCKS_KEPT_MAX) this.#blocks.clear()
  }

  #announce(relation: Relation): void {
    const count = relation.columns.length
    this.#announced.set(relation.oid, {
      relation,
      verdict: undefined,
      row: new TupleView(count),
      old: new TupleView(count),
    })
  }

  #takeChange(message: Buffer, at: number): Relation | undefined {
    const known = this.#find(message.readUInt32BE(at + 1))
    if (known.verdict === undefined) return known.relation
    if (known.verdict.kind === 'ignore') return undefined
    const { plan } = known.verdict
    const block = this.#blockOf(plan.shape)
    const before = block.bytes
    const { old, row } = known
    let next = at + 5
    let mark = message[next]
    const hasOld = mark === KEY || mark === OLD_ROW
    if (hasOld) {
      old.isWhole = mark === OLD_ROW
      next = old.read(message, next + 1)
      mark = message[next]
    }
    if (message[at] === DELETE) {
      assert(hasOld, 'A delete tells which row.')
      block.delete(plan, old)
    } else {
      assert(mark === NEW_ROW, 'An insert or update has a row.')
      row.read(message, next + 1)
      if (message[at] === INSERT) block.insert(plan, row)
      else block.update(plan, row, hasOld ? old : undefined)
    }
    this.#spent(block.bytes - before)
    return undefined
  }

  /** Many small blocks weigh as much as a full one. */
  #spent(bytes: number): void {
    // A block that was just handed out counts as none.
    this.#waitingBytes += Math.max(bytes, 0)
    if (this.#waitingBytes >= BLOCK_BYTES) this.#flush()
  }

  #truncate(message: Buffer, at: number): Relation | undefined {
    const count = message.readUInt32BE(at)
    const oids = Array.from({ length: count }, (_, i) => message.readUInt32BE(at + 5 + 4 * i))
    const emptied = new Map<EntityName, { names: Set<string>; siblings: RowPlan['siblings'] }>()
    for (const oid of oids) {
      const { relation, verdict } = this.#find(oid)
      if (verdict === undefined) return relation
      if (verdict.kind === 'ignore') continue
      const { shape, siblings } = verdict.plan
      const { names } = emptied.get(shape.entity) ?? { names: new Set() }
      names.add(formatEntityName([relation.schema, relation.name]))
      emptied.set(shape.entity, { names, siblings })
    }
    if (emptied.size === 0) return undefined
    this.#beginTelling()
    this.#flush()
    for (const [entity, { names, siblings }] of emptied) {
      // Of a partitioned table its partitions are named, not itself.
      const isWhole = siblings === null || siblings.isSubsetOf(names)
      this.out.push({ kind: 'truncate', entity, isWhole })
    }
    return undefined
  }

  #find(oid: number): Known {
    const known = this.#announced.get(oid)
    if (known !== undefined) return known
    const found = `a change of table ${oid}, which was not announced`
    throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
  }

  #blockOf(shape: ChangeShape): RowBlock {
    this.#beginTelling()
    let block = this.#blocks.get(shape)
    if (block === undefined) {
      const { isUnchecked } = this.#options
      block = new RowBlock(shape, isUnchecked, (changes) => this.out.push(changes))
      this.#blocks.set(shape, block)
    }
    return block
  }

  /** A transaction is told with its first change that concerns us. */
  #beginTelling(): void {
    if (this.#isBegun) return
    assert(this.#transaction !== undefined, 'A change belongs to a transaction.')
    this.#isBegun = true
    this.out.push(this.#transaction)
  }

  #flush(): void {
    this.#waitingBytes = 0
    for (const block of this.#blocks.values()) block.flush()
  }
}

type Known = {
  readonly relation: Relation
  verdict: Verdict | undefined
  readonly row: TupleView
  readonly old: TupleView
}

const BEGIN = 0x42
const COMMIT = 0x43
const DELETE = 0x44
const INSERT = 0x49
const LOGICAL_MESSAGE = 0x4d
const ORIGIN = 0x4f
const RELATION = 0x52
const TRUNCATE = 0x54
const UPDATE = 0x55
const TYPE = 0x59

const KEY = 0x4b
const NEW_ROW = 0x4e
const OLD_ROW = 0x4f
