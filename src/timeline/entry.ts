import * as z from 'zod'
import { type Cut, cutSchema } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import {
  type JsonValue,
  type NotRestored,
  type SchemaVersion,
  schemaVersionSchema,
} from '#record/schema'
import {
  type ObjectRef,
  objectRefSchema,
  type SegmentRef,
  segmentRefSchema,
  storedBytesSchema,
} from '#segment/segment'
import { type DrillBody, drillBodySchema } from './drill-entry.ts'
import { type IdentityBody, identityBodySchema } from './identity-entry.ts'
import {
  certificateBodySchema,
  type KeyBody,
  recipientsBodySchema,
  resealedBodySchema,
  revokeBodySchema,
} from './key-entry.ts'
import {
  compactBodySchema,
  expireBodySchema,
  fenceBodySchema,
  holdBodySchema,
  labelBodySchema,
  type MaintenanceBody,
  releaseBodySchema,
  repairBodySchema,
} from './maintenance-entry.ts'
import { type RestoreBegunBody, restoreBegunBodySchema } from './restore-entry.ts'

/**
 * A timeline is a source's log. Each entry states one committed fact, names the hash of the entry
 * before it, and is signed by the role that may state it; nothing is part of the vault before an
 * entry says so. The body's kinds are below, in `maintenance-entry.ts`, `restore-entry.ts` and
 * `key-entry.ts`; what surrounds them is in `envelope.ts`.
 */

const name = z.string().transform((text) => text as EntityName)
const notRestored = z.strictObject({ kind: z.string(), name: z.string() })
const jsonValue: z.ZodType<JsonValue> = z.json()

/**
 * Rows and fingerprint of one entity at a point. `schema` is a version number of the entity; what was
 * inserted, updated and deleted counts this entry's changes alone.
 */
export const entityAtPointSchema = z.strictObject({
  entity: name,
  schema: z.int().min(1),
  generation: z.int().min(1),
  rows: z.int().min(0),
  inserted: z.int().min(0),
  updated: z.int().min(0),
  deleted: z.int().min(0),
  /** `null`: pending. A feed changed it, and nobody has read it whole since. */
  fingerprint: z.string().nullable(),
})

/** Of one entity, by its index in the entry's `entities`: rows inserted, updated, deleted. */
const changeCountsSchema = z
  .array(z.int().min(0))
  .length(4)
  .transform((numbers) => numbers as unknown as ChangeCounts)

/** One transaction of a source; its ordinal is its place in the list, from 1. */
export const transactionSchema = z.strictObject({
  /** As the source names it. */
  transaction: z.string(),
  /** Of its commit, ISO 8601. Not monotone: order is that of commits. */
  time: z.string(),
  /** Right behind it. */
  position: z.string(),
  changes: z.array(changeCountsSchema),
})

/** So many transactions lie in the entry itself; more are a table in an object of its own. */
export const LISTED_TRANSACTIONS_MAX = 32

const followSchema = z.strictObject({
  /** Its name in the source. */
  feed: z.string(),
  /** `begin`: a scan at whose cut the feed begins. `reconcile`: a scan that the feed goes on behind. */
  part: z.enum(['begin', 'transactions', 'reconcile']),
  /** Of `transactions` only: the newest scan; entities that are not listed here are as it says. */
  scan: z.int().min(0).nullable(),
  /** Covered, and not told by the feed. Of `transactions`: still as of the scan, unproven since. */
  notFollowed: z.array(name),
  /** The entry's cut is that of the last one. None: a heartbeat, which only moves the cut. */
  transactions: z
    .strictObject({
      count: z.int().min(0),
      /** The least of their times; that of the cut when there is none. */
      earliest: z.string(),
      inserted: z.int().min(0),
      updated: z.int().min(0),
      deleted: z.int().min(0),
      /** In the order of commits; `null`: in `table`. */
      list: z.array(transactionSchema).max(LISTED_TRANSACTIONS_MAX).nullable(),
      /** See `transaction-table.ts`. */
      table: objectRefSchema.omit({ commitment: true }).nullable(),
    })
    .nullable(),
})

export const captureBodySchema = z.strictObject({
  kind: z.literal('capture'),
  /** Random name of the writing session; the folder its objects lie in. */
  session: z.string(),
  /** Seq of the capture this one was compared against; `null` for a first one. */
  base: z.int().min(0).nullable(),
  connector: z.string(),
  cut: cutSchema,
  /** What the entities of the source share; `null` when unchanged since `base`. */
  catalogue: z
    .strictObject({ definition: jsonValue, notRestored: z.array(notRestored) })
    .nullable(),
  sequences: z.record(z.string(), z.string()),
  /** Every entity the point holds, in order of name. An entity that is not here is not in the point. */
  entities: z.array(entityAtPointSchema),
  /** Entities that the source has and the configuration left out: not there, and not deleted. */
  leftOut: z.array(name),
  /** Schema versions that are new with this entry. */
  schemas: z.array(schemaVersionSchema),
  segments: z.array(segmentRefSchema),
  bytesStored: z.int().min(0),
  durationMs: z.int().min(0),
  /** What a feed has to do with it; absent: a capture that no feed goes on behind. */
  follow: followSchema.optional(),
})

/** What a feed could not tell. `until` the next scan nobody knows what the entities held. */
export const gapBodySchema = z.strictObject({
  kind: z.literal('gap'),
  feed: z.string(),
  /** Error code of the connector. */
  reason: z.string(),
  /** What was found, as a sentence without values. */
  found: z.string(),
  /** `null`: all of them, and the feed goes on only behind a new scan. */
  entities: z.array(name).nullable(),
})

export const genesisBodySchema = z.strictObject({ kind: z.literal('genesis'), source: z.string() })

/** A document of the vault (configuration without secrets, policies): its newest body counts. */
export const documentBodySchema = z.strictObject({
  kind: z.literal('document'),
  document: z.string(),
  object: objectRefSchema,
  keyring: z.string(),
  keyringObject: storedBytesSchema,
})

/** The newest entry of every timeline, said again so that a shortened timeline is noticed. */
export const headsBodySchema = z.strictObject({
  kind: z.literal('heads'),
  heads: z.record(z.string(), z.strictObject({ seq: z.int().min(0), hash: z.string() })),
})

export const restoreBodySchema = z.strictObject({
  kind: z.literal('restore'),
  restore: z.string(),
  plan: z.string(),
  point: z.string(),
  /** Address of the one transaction that was taken back; `point` is right before it. */
  undone: z.string().optional(),
  /** The restore that was taken back; `point` is that of it. */
  undoes: z.string().optional(),
  target: z.string(),
  inserted: z.int().min(0),
  updated: z.int().min(0),
  deleted: z.int().min(0),
  verifiedRecords: z.int().min(0),
  verifiedDifferent: z.int().min(0),
  /** The target refused it before the commit: nothing of it is there. */
  rolledBack: z.literal(true).optional(),
})

export const entryBodySchema = z.discriminatedUnion('kind', [
  genesisBodySchema,
  captureBodySchema,
  gapBodySchema,
  documentBodySchema,
  headsBodySchema,
  restoreBegunBodySchema,
  restoreBodySchema,
  drillBodySchema,
  identityBodySchema,
  labelBodySchema,
  holdBodySchema,
  releaseBodySchema,
  expireBodySchema,
  compactBodySchema,
  fenceBodySchema,
  repairBodySchema,
  certificateBodySchema,
  recipientsBodySchema,
  resealedBodySchema,
  revokeBodySchema,
])

export type EntityAtPoint = Readonly<z.infer<typeof entityAtPointSchema>>
export type GapBody = Readonly<z.infer<typeof gapBodySchema>>
/** Index into the entry's `entities`, then rows inserted, updated and deleted. */
export type ChangeCounts = readonly [number, number, number, number]
/** One transaction of a source that a feed told: see `transactionSchema`. */
export type Transaction = {
  readonly transaction: string
  readonly time: string
  readonly position: string
  readonly changes: readonly ChangeCounts[]
}
/** An object with the transactions of an entry. */
export type TableRef = Omit<ObjectRef, 'commitment'>
/** All transactions of an entry, or where they lie: see `followSchema`. */
export type Transactions = {
  readonly count: number
  readonly earliest: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly list: readonly Transaction[] | null
  readonly table: TableRef | null
}
/** What a feed has to do with a capture. */
export type Follow = {
  readonly feed: string
  readonly part: 'begin' | 'transactions' | 'reconcile'
  readonly scan: number | null
  readonly notFollowed: readonly EntityName[]
  readonly transactions: Transactions | null
}
export type GenesisBody = Readonly<z.infer<typeof genesisBodySchema>>
export type DocumentBody = Readonly<z.infer<typeof documentBodySchema>>
export type HeadsBody = Readonly<z.infer<typeof headsBodySchema>>
export type RestoreBody = Readonly<z.infer<typeof restoreBodySchema>>

/** The capture of one source at one cut. */
export type CaptureBody = {
  readonly kind: 'capture'
  readonly session: string
  readonly base: number | null
  readonly connector: string
  readonly cut: Cut
  readonly catalogue: {
    readonly definition: JsonValue
    readonly notRestored: readonly NotRestored[]
  } | null
  readonly sequences: Readonly<Record<string, string>>
  readonly entities: readonly EntityAtPoint[]
  readonly leftOut: readonly EntityName[]
  readonly schemas: readonly SchemaVersion[]
  readonly segments: readonly SegmentRef[]
  readonly bytesStored: number
  readonly durationMs: number
  readonly follow?: Follow | undefined
}

/** What one entry states. */
export type EntryBody =
  | GenesisBody
  | CaptureBody
  | GapBody
  | DocumentBody
  | HeadsBody
  | RestoreBegunBody
  | RestoreBody
  | DrillBody
  | IdentityBody
  | MaintenanceBody
  | KeyBody
