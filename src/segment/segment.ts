import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import type { Openers, Recipients, VaultId } from '#seal/keys'
import type { Random } from '#stdx/random'
import type { ObjectName, ObjectStore } from '#store/object-store'

/**
 * A segment is an immutable run of record versions of one entity and generation, sorted by key and,
 * within a key, newest first. It is up to three objects: `.keys` says which versions there are and
 * what their digests are, `.rows` holds their text column by column, `.blobs` holds values too large
 * to lie between others. Its data keys are one object in the keyring.
 */

/** An object as an entry pins it: what was read back after writing must have been this. */
export type ObjectRef = {
  readonly name: ObjectName
  readonly sizeBytes: number
  /** Of the sealed bytes, hex. */
  readonly sha256: string
  /** Commitment to the object's data keys in order, hex; see `commitToKeys`. */
  readonly commitment: string
}

/** The stored bytes of an object that has its name elsewhere. */
export type StoredBytes = Pick<ObjectRef, 'sizeBytes' | 'sha256'>

/** A segment as an entry names it. */
export type SegmentRef = {
  readonly entity: EntityName
  readonly generation: number
  /** Schema version whose fields the rows carry, in id order. */
  readonly schema: number
  /** `ordinal`: stamps are ordinals, their seq is that of the entry that added the segment. */
  readonly stamps: 'ordinal' | 'full'
  /** Least and greatest seq of its versions, where stamps are full. */
  readonly seqs?: { readonly min: number; readonly max: number } | undefined
  readonly versionCount: number
  readonly rowCount: number
  readonly keyring: ObjectName
  /** As it was first sealed; what it was sealed anew as, the root says in `_vault`. */
  readonly keyringObject: StoredBytes
  readonly keys: ObjectRef
  readonly rows: ObjectRef | null
  readonly blobs: ObjectRef | null
  /** Objects of other segments in which large values of these versions lie: they live as long. */
  readonly borrowed: readonly BorrowedBlobs[]
}

/** A `.blobs` object of another segment, and that segment's keyring object. */
export type BorrowedBlobs = { readonly object: ObjectName; readonly keyring: ObjectName }

/** A segment with the seq of the entry that added it. */
export type PlacedSegment = { readonly seq: number; readonly ref: SegmentRef }

/** Least and greatest seq of a segment's versions, as far as can be told without opening it. */
export function seqsOf({ ref, seq }: PlacedSegment): {
  readonly min: number
  readonly max: number
} {
  if (ref.stamps === 'ordinal') return { min: seq, max: seq }
  return ref.seqs ?? { min: 0, max: Number.MAX_SAFE_INTEGER }
}

const objectName = z.string().transform((text) => text as ObjectName)
const hex64 = z.string().regex(/^[0-9a-f]{64}$/)

export const objectRefSchema = z.strictObject({
  name: objectName,
  sizeBytes: z.int().min(0),
  sha256: hex64,
  commitment: hex64,
})

export const storedBytesSchema = objectRefSchema.pick({ sizeBytes: true, sha256: true })

export const segmentRefSchema = z.strictObject({
  entity: z.string().transform((text) => text as EntityName),
  generation: z.int().min(1),
  schema: z.int().min(1),
  stamps: z.enum(['ordinal', 'full']),
  seqs: z.strictObject({ min: z.int().min(0), max: z.int().min(0) }).optional(),
  versionCount: z.int().min(1),
  rowCount: z.int().min(0),
  keyring: objectName,
  keyringObject: storedBytesSchema,
  keys: objectRefSchema,
  rows: objectRefSchema.nullable(),
  blobs: objectRefSchema.nullable(),
  borrowed: z.array(z.strictObject({ object: objectName, keyring: objectName })),
})

/** Everything that writing one segment needs from outside. */
export type SegmentWriteDeps = {
  readonly vaultId: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly random: Random
  readonly recipients: Recipients
}

/** Everything that reading one segment needs from outside. */
export type SegmentReadDeps = {
  readonly vaultId: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly openers: Openers
}
