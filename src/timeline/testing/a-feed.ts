import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { CaptureBody, ChangeCounts, EntityAtPoint, Follow, Transaction } from '../entry.ts'
import { judgeTransactions } from '../judge-transactions.ts'
import { aCaptureBody } from './a-timeline.ts'

/** Bodies of a feed that hold together, for tests that break them. */

export const FEED = 'holdfast_erp'
const IDENTITY = { system: 'here', database: 'erp' }

export function nameOf(letter: string): EntityName {
  return `main.${letter}` as EntityName
}

export function aSchema(entity: EntityName, generation = 1): SchemaVersion {
  const id = { id: 1, name: 'id', type: 'integer', isNullable: false, sourceId: '1', missing: null }
  return {
    entity,
    version: generation,
    generation,
    layout: 1,
    sourceId: '1',
    fieldIdMax: 1,
    fields: [id],
    sourceOrder: [1],
    key: { kind: 'fields', fieldIds: [1], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
  }
}

/** Entity by its letter, with its rows. */
export type Rows = Readonly<Record<string, number>>

export type Scanned = {
  readonly part?: 'begin' | 'reconcile' | null
  readonly time: string
  /** Letters of the entities that a reconcile puts right. */
  readonly repaired?: string
}

/** A scan that a feed begins at, or goes on behind; `null`: a plain capture. */
export function aScan(
  base: number | null,
  rows: Rows,
  { part = 'begin', repaired = '', time }: Scanned,
): CaptureBody {
  const follow: Follow | undefined =
    part === null
      ? undefined
      : { feed: FEED, part, scan: null, notFollowed: [], transactions: null }
  const entities = Object.entries(rows).map(([letter, count]) => ({
    ...factsOf(letter, count),
    inserted: part === 'reconcile' && !repaired.includes(letter) ? 0 : count,
    fingerprint: 'f'.repeat(32),
  }))
  const schemas = base === null ? Object.keys(rows).map((letter) => aSchema(nameOf(letter))) : []
  const cut = { position: `at ${time}`, time, identity: IDENTITY }
  const catalogue = base === null ? { definition: null, notRestored: [] } : null
  return aCaptureBody(base, { cut, catalogue, entities, schemas, ...(follow && { follow }) })
}

/** What a transaction did, entity by its letter: rows inserted, updated, deleted. */
export type Done = {
  readonly time: string
  readonly changes: readonly (readonly [string, number, number, number])[]
}

export type Told = {
  readonly base: number
  readonly scan: number
  /** As at `base`, of every entity that is listed. */
  readonly before: Rows
  readonly done: readonly Done[]
  readonly time?: string
  readonly notFollowed?: readonly EntityName[]
}

/** What a feed told, its transactions in the entry. */
export function aFeedEntry({
  base,
  before,
  done,
  notFollowed = [],
  scan,
  time,
}: Told): CaptureBody {
  const letters = Object.keys(before).sort()
  const list = done.map((one, i): Transaction => {
    const changes = one.changes.map(
      ([letter, ...counts]): ChangeCounts => [letters.indexOf(letter), ...counts],
    )
    return { transaction: `x${i + 1}`, time: one.time, position: `p${i + 1}`, changes }
  })
  const entities = letters.map((letter): EntityAtPoint => {
    const [inserted, updated, deleted] = sumOf(
      done.flatMap(({ changes }) => changes),
      letter,
    )
    const rows = (before[letter] ?? 0) + inserted - deleted
    return { ...factsOf(letter, rows), inserted, updated, deleted, fingerprint: null }
  })
  const sum = (of: 'inserted' | 'updated' | 'deleted') =>
    entities.reduce((total, one) => total + one[of], 0)
  const last = time ?? done.at(-1)?.time ?? ''
  const sums = { inserted: sum('inserted'), updated: sum('updated'), deleted: sum('deleted') }
  const earliest = done.map((one) => one.time).sort()[0] ?? last
  const transactions = { count: list.length, earliest, ...sums, list, table: null }
  const follow: Follow = { feed: FEED, part: 'transactions', scan, notFollowed, transactions }
  const cut = { position: `at ${last}`, time: last, identity: IDENTITY }
  const body = aCaptureBody(base, { cut, catalogue: null, entities, follow })
  const refusal = judgeTransactions(body, list)
  if (refusal !== undefined) throw new Error(refusal)
  return body
}

function factsOf(letter: string, rows: number): EntityAtPoint {
  const counts = { inserted: 0, updated: 0, deleted: 0 }
  return { entity: nameOf(letter), schema: 1, generation: 1, rows, ...counts, fingerprint: null }
}

function sumOf(changes: Done['changes'], letter: string): [number, number, number] {
  const own = changes.filter(([of]) => of === letter)
  const sum = (at: 1 | 2 | 3) => own.reduce((total, change) => total + change[at], 0)
  return [sum(1), sum(2), sum(3)]
}
