import * as z from 'zod'
import { type SegmentRef, segmentRefSchema } from '#segment/segment'

/**
 * The entries that look after what captures wrote: which points are named, held, let go, and which
 * segments stand for others. None of them makes a point, and none of them removes an object: they say
 * what may be removed, `collect` removes it.
 */

const seq = z.int().min(0)
const points = z.array(seq).min(1)

/** Gives a point a name, once and for ever; with `ordinal`, one of the transactions in it. */
export const labelBodySchema = z.strictObject({
  kind: z.literal('label'),
  label: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  point: seq,
  ordinal: z.int().min(1).optional(),
})

/** Keeps points from being expired, until a `release` names them. */
export const holdBodySchema = z.strictObject({
  kind: z.literal('hold'),
  points,
  /** Why, in the words of whoever held; no personal data. */
  reason: z.string().max(200),
})

/**
 * What two hands have to agree on carries the word of the second: a custodian's signature over the
 * rest of the body and its place (`proposal.ts`). `basis` is the newest entry that said anything of
 * holds or expiry when it was proposed, so that an old agreement cannot be used again.
 */
const agreed = {
  basis: seq.nullable(),
  cosigned: z.strictObject({
    author: z.string().regex(/^[0-9a-f]{32}$/),
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  }),
}

/** Ends the hold of points. */
export const releaseBodySchema = z.strictObject({ kind: z.literal('release'), points, ...agreed })

/** Lets points go: they are points no more, and what only they needed may be dropped. */
export const expireBodySchema = z.strictObject({ kind: z.literal('expire'), points, ...agreed })

/** Puts segments in the place of others, which hold the same versions less what nothing kept can see. */
export const compactBodySchema = z.strictObject({
  kind: z.literal('compact'),
  session: z.string(),
  /** Names of the keyring objects of the segments that are replaced: a segment's name for ever. */
  removes: z.array(z.string()).min(1),
  /** In the entity's order; stamps are full. */
  segments: z.array(segmentRefSchema),
  bytesStored: z.int().min(0),
  durationMs: z.int().min(0),
})

/**
 * Declares writers dead: what they did not commit by now they never will. In `_vault` also objects of
 * the keyring, as they lie there: no list that is said later makes them what was sealed anew.
 */
export const fenceBodySchema = z.strictObject({
  kind: z.literal('fence'),
  sessions: z.array(z.string()),
  keyrings: z.array(z.string()).optional(),
})

/** Whole copies of damaged objects, under names of their own, to be read in their place. */
export const repairBodySchema = z.strictObject({
  kind: z.literal('repair'),
  objects: z
    .array(
      z.strictObject({
        store: z.enum(['vault', 'keyring']),
        object: z.string(),
        by: z.string(),
      }),
    )
    .min(1),
})

export type LabelBody = Readonly<z.infer<typeof labelBodySchema>>
export type HoldBody = Readonly<z.infer<typeof holdBodySchema>>
export type ReleaseBody = Readonly<z.infer<typeof releaseBodySchema>>
export type ExpireBody = Readonly<z.infer<typeof expireBodySchema>>
export type CompactBody = Omit<Readonly<z.infer<typeof compactBodySchema>>, 'segments'> & {
  readonly segments: readonly SegmentRef[]
}
export type FenceBody = Readonly<z.infer<typeof fenceBodySchema>>
export type RepairBody = Readonly<z.infer<typeof repairBodySchema>>

/** The bodies that name the points of a proposal. */
export type AgreedBody = ReleaseBody | ExpireBody

export type MaintenanceBody =
  | LabelBody
  | HoldBody
  | ReleaseBody
  | ExpireBody
  | CompactBody
  | FenceBody
  | RepairBody
