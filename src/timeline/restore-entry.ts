import * as z from 'zod'
import { cutSchema } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { objectRefSchema, storedBytesSchema } from '#segment/segment'

/**
 * That a restore begins, said in `_vault` before its target is touched; what it did is the entry
 * `restore`, said after the result was read back. A beginning without an end is a restore that was
 * interrupted: it may have been committed in the target, or not.
 */

/** A piece of a pre-image: an object of its own, sealed as a document is. */
export const partSchema = z.strictObject({
  object: objectRefSchema,
  keyring: z.string(),
  keyringObject: storedBytesSchema,
})

const entityName = z.string().transform((text) => text as EntityName)

/** What a restore is about to do to one entity of the target. */
const begunEntitySchema = z.strictObject({
  entity: entityName,
  /** The target did not have it: every row of the point is added, and none of them is in `parts`. */
  isNew: z.boolean(),
  insert: z.int().min(0),
  update: z.int().min(0),
  delete: z.int().min(0),
  /** The pre-image, in this order; see `pre-image.ts` of the room `restore`. */
  parts: z.array(partSchema),
})

/** Records that get keys of the target's own numbering; see `crosswalk.ts` of the room `restore`. */
const begunCrosswalkSchema = z.strictObject({
  lines: z.int().min(0),
  /** Earlier restores that were interrupted, and whose rows were found in the target. */
  written: z.array(z.string()),
  /** Earlier ones that were interrupted, and of whose rows nothing was found. */
  gone: z.array(z.string()),
  parts: z.array(partSchema),
})

export const restoreBegunBodySchema = z.strictObject({
  kind: z.literal('restore-begun'),
  restore: z.string(),
  plan: z.string(),
  /** SHA-256, hex, of what was asked for: the same command says the same. */
  request: z.string(),
  point: z.string(),
  /** Address of the one transaction that is taken back. */
  undone: z.string().optional(),
  /** The restore that is taken back. */
  undoes: z.string().optional(),
  target: z.string(),
  /** SHA-256 of a mapping file, hex: entities and rows have the shape of the target, not of the point. */
  mapping: z.string().optional(),
  /** Fields that were left out, or that the target calls otherwise. */
  fits: z
    .array(
      z.strictObject({
        entity: entityName,
        field: z.string(),
        becomes: z.string().nullable(),
      }),
    )
    .optional(),
  /** Of the target: as captures of the same system have it. */
  identity: cutSchema.shape.identity,
  /** Only those of which something is written, in the order of writing. */
  entities: z.array(begunEntitySchema),
  crosswalk: begunCrosswalkSchema.optional(),
})

export type RestoreBegunBody = Readonly<z.infer<typeof restoreBegunBodySchema>>
export type BegunCrosswalk = NonNullable<RestoreBegunBody['crosswalk']>
export type BegunEntity = RestoreBegunBody['entities'][number]
