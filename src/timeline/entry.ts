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
  objectRefSchema,
  type SegmentRef,
  segmentRefSchema,
  storedBytesSchema,
} from '#segment/segment'
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

/**
 * A timeline is a source's log. Each entry states one committed fact, names the hash of the entry
 * before it, and is signed by the role that may state it; nothing is part of the vault before an
 * entry says so. The body's kinds are below, in `maintenance-entry.ts` and in `key-entry.ts`; what
 * surrounds them is in `envelope.ts`.
 */

const name = z.string().transform((text) => text as EntityName)
const notRestored = z.strictObject({ kind: z.string(), name: z.string() })
const jsonValue: z.ZodType<JsonValue> = z.json()

/** Rows and fingerprint of one entity at a point. `schema` is a version number of the entity. */
export const entityAtPointSchema = z.strictObject({
  entity: name,
  schema: z.int().min(1),
  generation: z.int().min(1),
  rows: z.int().min(0),
  inserted: z.int().min(0),
  updated: z.int().min(0),
  deleted: z.int().min(0),
  fingerprint: z.string(),
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
  target: z.string(),
  inserted: z.int().min(0),
  updated: z.int().min(0),
  deleted: z.int().min(0),
  verifiedRecords: z.int().min(0),
  verifiedDifferent: z.int().min(0),
})

export const entryBodySchema = z.discriminatedUnion('kind', [
  genesisBodySchema,
  captureBodySchema,
  documentBodySchema,
  headsBodySchema,
  restoreBodySchema,
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
}

/** What one entry states. */
export type EntryBody =
  | GenesisBody
  | CaptureBody
  | DocumentBody
  | HeadsBody
  | RestoreBody
  | MaintenanceBody
  | KeyBody
