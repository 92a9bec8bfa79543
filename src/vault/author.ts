import { type Certificate, formatCertificate, parseCertificate } from '#seal/certificate'
import { type Credential, sourceKeysOf } from '#seal/credential'
import type { Role } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { type SigningSeed, signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { AppError, isAppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { EntryBody } from '#timeline/entry'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import type { Author } from '#timeline/sealed-statement'

const ROLES: readonly Role[] = ['capture', 'root', 'custodian', 'keeper', 'restore', 'auditor']

/** Who states what, where the credential leaves a choice: the least powerful first. */
export const AUTHORS: Readonly<Record<EntryBody['kind'], readonly Role[]>> = {
  genesis: ['capture'],
  capture: ['capture'],
  gap: ['capture'],
  document: ['restore', 'root', 'capture'],
  heads: ['custodian', 'restore', 'keeper', 'root', 'capture'],
  'restore-begun': ['restore'],
  restore: ['restore'],
  drill: ['restore'],
  identity: ['restore'],
  label: ['custodian', 'restore', 'keeper', 'root', 'capture'],
  hold: ['custodian'],
  release: ['keeper'],
  expire: ['keeper'],
  compact: ['keeper'],
  fence: ['custodian'],
  repair: ['custodian', 'keeper'],
  certificate: ['root'],
  recipients: ['root'],
  resealed: ['root'],
  revoke: ['root'],
}

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
 * The same, made anew where the root key and the author's own are at hand: a certificate that rots
 * must not shut a source to those who could write it again.
 */
export async function findCertificate(
  deps: AuthorDeps,
  { id, source }: { readonly id: string; readonly source: string },
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  const own = makeCertificate(deps.credential, id, source)
  return own ?? (await readCertificate(deps, id, signal))
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
  const roles = wanted.roles.map((role) =>
    role === 'capture' && wanted.source !== VAULT_TIMELINE ? `capture of "${wanted.source}"` : role,
  )
  const found = `it holds no signing key of ${wanted.roles.join(' or ')}`
  throw roleMissing(wanted.doing, found, roles.join(' or '))
}

/**
 * @param doing reads "Cannot <what> <which>"
 * @param wanted whose credential would do
 */
export function roleMissing(doing: string, found: string, wanted: string): AppError {
  const message = `${doing} with this credential: ${found}, wanted that of ${wanted}`
  return new AppError('vault.role-missing', message, { wanted })
}

/** @param doing reads "Cannot <what> <which>" */
export function certificateRevoked(doing: string, certificate: string): AppError {
  const message = `${doing} with this credential: its certificate ${certificate} was revoked`
  return new AppError('vault.certificate-revoked', message, { certificate })
}

function seedOf(credential: Credential, role: Role, source: string): SigningSeed | undefined {
  return role === 'capture' ? sourceKeysOf(credential, source).signing : credential.signing[role]
}

async function certify(
  { credential, store }: AuthorDeps,
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  const text = formatOwnCertificate(credential, subject)
  if (text === undefined) {
    const who = subject.source === null ? subject.role : `${subject.role} of "${subject.source}"`
    throw roleMissing(
      `Cannot sign as ${who}`,
      'the root key has not certified it and is not at hand',
      'the root',
    )
  }
  const id = signingKeyId(signingPublicKeyOf(subject.seed))
  await store.put(certificateName(id), Buffer.from(text), signal)
}

type Subject = { readonly role: Role; readonly seed: SigningSeed; readonly source: string | null }

/** Always the same bytes for the same subject; `undefined` without the root key. */
function formatOwnCertificate(
  credential: Credential,
  { role, seed, source }: Subject,
): string | undefined {
  const root = credential.signing.root
  if (root === undefined) return undefined
  const opening = source === null ? undefined : sourceKeysOf(credential, source).capture
  const publicKey = signingPublicKeyOf(seed)
  const { vaultId } = credential
  const sealingKey = opening === undefined ? null : publicKeyOf(opening)
  const { epoch = 1 } = credential
  return formatCertificate(root, { vaultId, role, source, epoch, publicKey, sealingKey })
}

function makeCertificate(
  credential: Credential,
  id: string,
  source: string,
): Certificate | undefined {
  for (const role of ROLES) {
    const seed = seedOf(credential, role, source)
    if (seed === undefined || signingKeyId(signingPublicKeyOf(seed)) !== id) continue
    const subject = { role, seed, source: role === 'capture' ? source : null }
    const text = formatOwnCertificate(credential, subject)
    return text === undefined ? undefined : parseCertificate(credential, certificateName(id), text)
  }
  return undefined
}
