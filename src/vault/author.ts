import { type Certificate, formatCertificate, parseCertificate } from '#seal/certificate'
import { type Credential, sourceKeysOf } from '#seal/credential'
import type { Role } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { type SigningSeed, signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { AppError, isAppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { Author } from '#timeline/envelope'

export type AuthorDeps = { readonly store: ObjectStore; readonly credential: Credential }

/** `roles/<id>.json`, by the id that entries name. */
export function certificateName(id: string): ObjectName {
  return parseObjectName(`roles/${id}.json`)
}

/**
 * The certificate of this id, or `undefined` when there is none.
 * @throws seal.certificate-invalid when the root key did not sign what is there
 */
export async function readCertificate(
  { credential, store }: AuthorDeps,
  id: string,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  const name = certificateName(id)
  try {
    const text = Buffer.from(await store.get(name, { signal })).toString('utf8')
    const certificate = parseCertificate(credential, name, text)
    return certificate.id === id ? certificate : undefined
  } catch (error) {
    if (isAppError(error, 'store.not-found')) return undefined
    throw error
  }
}

/**
 * Whoever of `roles` this credential can sign as, certified; the first that it holds.
 *
 * A certificate that is missing is made where the root key is at hand: making it again gives the
 * same bytes.
 * @param source whose capture key is meant
 * @throws vault.role-missing
 */
export async function findAuthor(
  deps: AuthorDeps,
  wanted: { readonly roles: readonly Role[]; readonly source: string; readonly doing: string },
  signal: AbortSignal,
): Promise<Author> {
  for (const role of wanted.roles) {
    const source = role === 'capture' ? wanted.source : null
    const seed = seedOf(deps.credential, role, wanted.source)
    if (seed === undefined) continue
    const certificateId = signingKeyId(signingPublicKeyOf(seed))
    if ((await readCertificate(deps, certificateId, signal)) === undefined) {
      await certify(deps, { role, seed, source }, signal)
    }
    return { certificateId, seed }
  }
  throw roleMissing(wanted.doing, `it holds no signing key of ${wanted.roles.join(' or ')}`)
}

/** @param doing reads "Cannot <what> <which>" */
export function roleMissing(doing: string, found: string): AppError {
  return new AppError('vault.role-missing', `${doing} with this credential: ${found}`)
}

function seedOf(credential: Credential, role: Role, source: string): SigningSeed | undefined {
  return role === 'capture' ? sourceKeysOf(credential, source).signing : credential.signing[role]
}

async function certify(
  { credential, store }: AuthorDeps,
  subject: { readonly role: Role; readonly seed: SigningSeed; readonly source: string | null },
  signal: AbortSignal,
): Promise<void> {
  const { role, seed, source } = subject
  const root = credential.signing.root
  if (root === undefined) {
    const who = source === null ? role : `${role} of "${source}"`
    throw roleMissing(
      `Cannot sign as ${who}`,
      'the root key has not certified it and is not at hand',
    )
  }
  const opening = source === null ? undefined : sourceKeysOf(credential, source).capture
  const publicKey = signingPublicKeyOf(seed)
  const { vaultId } = credential
  const sealingKey = opening === undefined ? null : publicKeyOf(opening)
  const text = formatCertificate(root, { vaultId, role, source, epoch: 1, publicKey, sealingKey })
  await store.put(certificateName(signingKeyId(publicKey)), Buffer.from(text), signal)
}
