import { sourceKeysOf } from '#seal/credential'
import type { Recipients } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { certificateRevoked } from './author.ts'
import { capturersOf, type KeyFacts, readersOf } from './key-facts.ts'
import type { WrittenBy } from './refuse-other-keys.ts'
import type { VaultHeader } from './vault-header.ts'

/**
 * Whom segments of a source are sealed to today.
 * @throws vault.certificate-revoked before anything is written that could not be committed
 */
export function recipientsFor(
  facts: KeyFacts,
  { credential, header, source }: WrittenBy & { readonly header: VaultHeader },
): Recipients {
  const { capture, signing } = sourceKeysOf(credential, source)
  const id = signing && signingKeyId(signingPublicKeyOf(signing))
  if (id !== undefined && facts.revoked.has(id)) {
    throw certificateRevoked(`Cannot write to "${source}"`, id)
  }
  // At first the read key is that of vault.json, whose root key the credential pins.
  const own = capture === undefined ? [] : [publicKeyOf(capture)]
  return {
    read: readersOf(facts) ?? [header.readPublicKey],
    capture: capturersOf(facts, source) ?? own,
  }
}
