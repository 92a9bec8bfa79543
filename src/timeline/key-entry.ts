import * as z from 'zod'
import { objectRefSchema } from '#segment/segment'

/**
 * Entries of `_vault` by which the root says who holds which key. They win over `vault.json` and
 * `roles/`: what stands there is where a vault begins.
 */

const certificateId = z.string().regex(/^[0-9a-f]{32}$/)
const recipient = z.strictObject({
  /** Of the holder: whose certificate is revoked is no recipient any more. */
  certificate: certificateId,
  /** X25519 public key, hex. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
})

/** Certificates as they are stored in `roles/`, said again: a file there may rot or vanish. */
export const certificateBodySchema = z.strictObject({
  kind: z.literal('certificate'),
  /** Each the canonical text, signed by the root key. */
  certificates: z.array(z.string()).min(1),
})

/** Whom data keys are sealed to from now on. The newest epoch counts. */
export const recipientsBodySchema = z.strictObject({
  kind: z.literal('recipients'),
  epoch: z.int().min(2),
  /** Each opens rows and record keys of every source. */
  read: z.array(recipient).min(1),
  /** By source; each opens record keys of that source. */
  capture: z.record(z.string(), z.array(recipient)),
})

/**
 * Objects of the keyring lie there sealed for an epoch, and this is what they are now: a list of them
 * that is an object of its own. It is said before the objects of earlier epochs go.
 */
export const resealedBodySchema = z.strictObject({
  kind: z.literal('resealed'),
  epoch: z.int().min(2),
  list: objectRefSchema.omit({ commitment: true }),
})

/** Takes certificates out of use. */
export const revokeBodySchema = z.strictObject({
  kind: z.literal('revoke'),
  certificates: z
    .array(
      z.strictObject({
        certificate: certificateId,
        /** By timeline, the last entry that its holder may have stated; none where it is absent. */
        last: z.record(z.string(), z.int().min(0)),
      }),
    )
    .min(1),
})

export type CertificateBody = Readonly<z.infer<typeof certificateBodySchema>>
export type RecipientsBody = Readonly<z.infer<typeof recipientsBodySchema>>
export type RevokeBody = Readonly<z.infer<typeof revokeBodySchema>>
export type ResealedBody = Readonly<z.infer<typeof resealedBodySchema>>
export type KeyBody = CertificateBody | RecipientsBody | ResealedBody | RevokeBody
