import * as z from 'zod'

/**
 * That customers were put back into a throw-away target, said in `_vault` whether it went well or not.
 * It holds no personal data: customers are keyed digests, by which only who may read the vault can
 * say whether one was among them.
 */

const ms = z.int().min(0)
const count = z.int().min(0)

export const drillBodySchema = z.strictObject({
  kind: z.literal('drill'),
  /** Its id. */
  drill: z.string(),
  /** What the customers were drawn with: the same at the same points draws the same. */
  seed: z.string(),
  /** Of every source that was read, as exact addresses. */
  points: z.array(z.string()),
  /** SHA-256, hex, of the text of the customer map. */
  map: z.string(),
  /** Hash of what was planned; `null`: it did not come to that. */
  plan: z.string().nullable(),
  /** Of each that was drawn; see `docs/format`. */
  customers: z.array(z.string()),
  /** Where each source was put back; `null`: into a file that was made for it. */
  targets: z.array(z.strictObject({ source: z.string(), target: z.string().nullable() })),
  /** Of the customers; `inserted` counts what these need, too. */
  records: count,
  inserted: count,
  verifiedRecords: count,
  verifiedDifferent: count,
  /** Facts that were computed from both sides, and those that are not the same. */
  facts: count,
  factsDifferent: count,
  verdict: z.enum(['passed', 'failed']),
  /** Why it failed: an error code; `null`: it passed. */
  reason: z.string().nullable(),
  /** The time that was allowed. */
  withinMs: ms,
  durationMs: ms,
  /** Parts of it: looking up what belongs to the customers, putting it back, comparing. */
  parts: z.strictObject({ findMs: ms, restoreMs: ms, verifyMs: ms }),
})

export type DrillBody = Readonly<z.infer<typeof drillBodySchema>>
