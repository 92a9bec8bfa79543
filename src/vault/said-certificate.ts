import { type Certificate, parseCertificate } from '#seal/certificate'
import type { Credential } from '#seal/credential'
import type { ObjectStore } from '#store/object-store'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { readBackwards } from '#timeline/read-head'
import { rootCertificate } from './key-facts.ts'

/**
 * A certificate whose file is gone, by the root's own word in `_vault`; `undefined` when it never
 * said so. Reads that timeline from its head until it is found.
 */
export async function findSaidCertificate(
  { credential, store }: { readonly credential: Credential; readonly store: ObjectStore },
  id: string,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  const root = rootCertificate(credential)
  if (root.id === id) return root
  const { logKey, vaultId } = credential
  // Nobody else's word is needed, so nobody else's certificate is.
  const findCertificate = async (author: string) => (author === root.id ? root : undefined)
  const deps = { vaultId, logKey, store, findCertificate }
  for await (const slot of readBackwards(deps, { source: VAULT_TIMELINE }, signal)) {
    if (slot.kind !== 'entry' || slot.entry.body.kind !== 'certificate') continue
    const found = slot.entry.body.certificates
      .map((text) => parseCertificate(credential, VAULT_TIMELINE, text))
      .find((certificate) => certificate.id === id)
    if (found !== undefined) return found
  }
  return undefined
}
