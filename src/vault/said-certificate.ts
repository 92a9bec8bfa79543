import { type Certificate, parseCertificate } from '#seal/certificate'
import { isAppError } from '#stdx/app-error'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { readBackwards } from '#timeline/read-head'
import { type AuthorDeps, findCertificate } from './author.ts'
import { rootCertificate } from './key-facts.ts'

/**
 * The certificate of this id, by its file; where that is gone or damaged, by the root's own word in
 * `_vault`. One file that rots shuts nothing: `check` names it.
 * @param place whose capture key is meant
 * @throws seal.certificate-invalid | seal.format-unsupported by its file, when the root never said it
 */
export async function findTrustedCertificate(
  deps: AuthorDeps,
  place: { readonly id: string; readonly source: string },
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  try {
    const found = await findCertificate(deps, place, signal)
    return found ?? (await findSaidCertificate(deps, place.id, signal))
  } catch (error) {
    const isOfFile =
      isAppError(error, 'seal.certificate-invalid') || isAppError(error, 'seal.format-unsupported')
    if (!isOfFile) throw error
    const said = await findSaidCertificate(deps, place.id, signal)
    if (said === undefined) throw error
    return said
  }
}

/** `undefined` when the root never said it. Reads `_vault` from its head until it is found. */
async function findSaidCertificate(
  { credential, store }: AuthorDeps,
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
