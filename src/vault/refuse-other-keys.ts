import type { Credential } from '#seal/credential'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { AppError } from '#stdx/app-error'
import { certificateRevoked } from './author.ts'
import { isRecipient, type KeyFacts } from './key-facts.ts'

/**
 * Refuses to count a commit for done that was sealed to others than today's recipients, or whose
 * author is none of them any more: who that is is about to be revoked, and what they commit from then
 * on may be void in a moment.
 *
 * @param begun the epoch of keys that was written for; `undefined`: nothing was sealed
 * @throws vault.keys-changed
 */
export function refuseOtherKeys(
  facts: KeyFacts,
  { begun, credential, source }: WrittenBy & { readonly begun: number | undefined },
): void {
  const { epoch } = facts
  const doing = `Cannot commit to "${source}"`
  if (begun !== undefined && begun !== epoch) {
    const found = `it was sealed for keys of epoch ${begun}, those of epoch ${epoch} came meanwhile`
    throw new AppError('vault.keys-changed', `${doing}: ${found}`, { source })
  }
  if (isRecipient(facts, credential, source)) return
  const message = `${doing}: its keys are none of those of epoch ${epoch}`
  throw new AppError('vault.keys-changed', message, { source })
}

export type WrittenBy = { readonly credential: Credential; readonly source: string }

/**
 * Nothing is sealed any more to whoever was revoked: a better word than what each object would say.
 * @param doing reads "Cannot <what> <which>"
 * @throws vault.certificate-revoked
 */
export function refuseRevoked({ revoked }: KeyFacts, { signing }: Credential, doing: string): void {
  const ids = Object.values(signing).map((seed) => signingKeyId(signingPublicKeyOf(seed)))
  const [id] = ids
  if (id !== undefined && ids.every((one) => revoked.has(one))) throw certificateRevoked(doing, id)
}
