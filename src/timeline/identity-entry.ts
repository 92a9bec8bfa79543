import * as z from 'zod'
import { partSchema } from './restore-entry.ts'

/**
 * That somebody decided whether two records are one party, said in `_vault`. Which records, and why, is
 * personal data: it lies sealed beside the entry, as a document does. Who said it and when is the entry's
 * own author and time.
 */
export const identityBodySchema = z.strictObject({
  kind: z.literal('identity'),
  /** Its id. */
  decision: z.string(),
  text: partSchema,
})

export type IdentityBody = Readonly<z.infer<typeof identityBodySchema>>
