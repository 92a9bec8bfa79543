import type { EntityName } from '#record/entity-name'
import { formatRow, splitRow } from '#record/row-text'
import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import { DELETE, type FeedChanges, type FeedMessage, INSERT, UPDATE } from '../feed.ts'

/** What one transaction did, by the feed. */
export type ToldTransaction = {
  readonly position: string
  readonly time: string
  /** Rows of the table that names transactions. */
  readonly stamps: readonly string[]
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  readonly amount: bigint
}

/** Where a mirror keeps rows: entity, row of its key, row. */
export type MirrorStore = {
  get(entity: EntityName, key: string): string | undefined
  set(entity: EntityName, key: string, row: string): void
  delete(entity: EntityName, key: string): boolean
  clear(entity: EntityName): void
}

/**
 * Applies what a feed tells to a copy of the tables, a transaction at a time, the simplest way one
 * can, and sums up what each did. Refuses what a feed must never tell: an insert of what is there,
 * an update or a delete of what is not, an unchanged field of a record that is not there, messages
 * out of place. So inserts less deletes of a transaction are by how many rows an entity grew.
 */
export class FeedMirror {
  readonly #store: MirrorStore
  readonly #ledger: string
  #waiting: FeedMessage[] | undefined

  /** @param ledger the entity whose rows name transactions */
  constructor(store: MirrorStore, ledger: string) {
    this.#store = store
    this.#ledger = ledger
  }

  /** Returns what a commit completed. */
  take(message: FeedMessage): ToldTransaction | undefined {
    const waiting = this.#waiting
    switch (message.kind) {
      case 'begin':
        assert(waiting === undefined, 'A transaction begins after the one before has ended.')
        this.#waiting = []
        return undefined
      case 'changes':
      case 'truncate':
        assert(waiting !== undefined, 'Changes belong to a transaction.')
        waiting.push(message)
        return undefined
      case 'commit': {
        assert(waiting !== undefined && waiting.length > 0, 'A transaction has changes.')
        this.#waiting = undefined
        return this.#apply(waiting, message)
      }
      case 'idle':
      case 'catalogue':
        assert(waiting === undefined, 'A heartbeat comes between transactions.')
        return undefined
      case 'described':
      case 'unfollowed':
        return undefined
    }
  }

  /** The feed was closed in the middle: what was not committed is told again. */
  forget(): void {
    this.#waiting = undefined
  }

  #apply(
    messages: readonly FeedMessage[],
    { position, time }: { position: string; time: string },
  ): ToldTransaction {
    const told = {
      position,
      time,
      stamps: [] as string[],
      inserts: 0,
      updates: 0,
      deletes: 0,
      amount: 0n,
    }
    const removed = new Map<string, string>()
    for (const message of messages) {
      if (message.kind === 'truncate') {
        assert(message.isWhole, 'A whole table was truncated.')
        this.#store.clear(message.entity)
      }
      if (message.kind !== 'changes') continue
      for (const change of readChanges(message)) {
        assert([INSERT, UPDATE, DELETE].includes(change.op), 'There are three operations.')
        if (change.op === DELETE) {
          const row = this.#store.get(message.entity, change.row)
          assert(row !== undefined, 'What is deleted was there.')
          removed.set(`${message.entity} ${change.row}`, row)
          this.#store.delete(message.entity, change.row)
          told.deletes += 1
          continue
        }
        const row = this.#complete(message, change, removed)
        const key = keyOf(message, row)
        const isThere = this.#store.get(message.entity, key) !== undefined
        assert(change.op === INSERT ? !isThere : isThere, 'Inserts are new and updates are not.')
        this.#store.set(message.entity, key, row)
        const values = splitRow(row)
        if (message.entity === this.#ledger) {
          told.stamps.push(values[0] ?? '')
          continue
        }
        told[change.op === INSERT ? 'inserts' : 'updates'] += 1
        told.amount += BigInt(values[message.fields.indexOf('amount')] ?? '0')
      }
    }
    return told
  }

  /** The row with the fields that were not sent. */
  #complete(
    { entity, fields, key }: FeedChanges,
    { oldKey, row, unchanged }: Change,
    removed: ReadonlyMap<string, string>,
  ): string {
    if (unchanged.length === 0) return row
    const values = splitRow(row)
    const under = oldKey ?? keyOf({ fields, key }, row)
    const before =
      oldKey === null ? this.#store.get(entity, under) : removed.get(`${entity} ${under}`)
    assert(before !== undefined, 'A record with unchanged fields was there before.')
    const old = splitRow(before)
    for (const field of unchanged) {
      assert(values[field] === '', 'The place of an unchanged field is empty.')
      values[field] = old[field] ?? ''
    }
    return `${values.join('\t')}\n`
  }
}

export type Change = {
  readonly op: number
  /** With its newline. */
  readonly row: string
  readonly unchanged: readonly number[]
  readonly oldKey: string | null
}

/** A batch, change by change. */
export function readChanges({ ops, rows, unchanged }: FeedChanges): Change[] {
  const changes: Change[] = []
  for (const [i, op] of ops.entries()) {
    const bytes =
      rows.kind === 'large'
        ? Buffer.concat(rows.parts)
        : rows.bytes.subarray(rows.ends[i - 1] ?? 0, rows.ends[i])
    const row = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    assert(row.endsWith('\n') && row.indexOf('\n') === row.length - 1, 'A row is one line.')
    const fields = unchanged.get(i)
    const oldKey = fields?.oldKey
    changes.push({
      op,
      row,
      unchanged: fields?.fields ?? [],
      oldKey: oldKey === undefined || oldKey === null ? null : Buffer.from(oldKey).toString(),
    })
  }
  return changes
}

/** The row of the key fields of a row, with its newline. */
export function keyOf({ fields, key }: Pick<FeedChanges, 'fields' | 'key'>, row: string): string {
  const values = splitRow(row)
  return `${key.map((name) => values[fields.indexOf(name)] ?? '').join('\t')}\n`
}

export class MapStore implements MirrorStore {
  readonly rows = new Map<EntityName, Map<string, string>>()

  get(entity: EntityName, key: string): string | undefined {
    return this.rows.get(entity)?.get(key)
  }

  set(entity: EntityName, key: string, row: string): void {
    const rows = this.rows.get(entity) ?? new Map<string, string>()
    rows.set(key, row)
    this.rows.set(entity, rows)
  }

  delete(entity: EntityName, key: string): boolean {
    return this.rows.get(entity)?.delete(key) ?? false
  }

  clear(entity: EntityName): void {
    this.rows.get(entity)?.clear()
  }

  /** Everything, in an order of its own, for comparing. */
  sorted(): Record<string, string[]> {
    const entries = [...this.rows].map(
      ([entity, rows]) => [entity, [...rows.values()].sort()] as const,
    )
    return Object.fromEntries(entries.filter(([, rows]) => rows.length > 0).sort())
  }
}

/** Rows of a cut, by the row of their key. */
export function fillStore(
  store: MirrorStore,
  described: DescribedEntity,
  rows: readonly (readonly (string | null)[])[],
): void {
  const fields = described.fields.map(({ name }) => name)
  for (const values of rows) {
    const row = formatRow(values)
    store.set(described.entity, keyOf({ fields, key: described.key?.fields ?? fields }, row), row)
  }
}
