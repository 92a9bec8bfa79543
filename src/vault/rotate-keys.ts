import {
  type Credential,
  formatCredential,
  issueCredential,
  parseCredential,
  sourceKeysOf,
} from '#seal/credential'
import type { Role } from '#seal/keys'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import { parseSourceName } from '#timeline/entry-name'
import type { RecipientsBody } from '#timeline/key-entry'
import { roleMissing } from './author.ts'
import {
  certificateIdOf,
  changeKeys,
  type Issued,
  type KeyPlan,
  type KeySession,
  listCertificates,
  recipientOf,
  refuseStaleRoot,
} from './change-keys.ts'
import { type OpenVaultRequest, openWithCredential } from './open-vault.ts'
import type { ResealReport } from './reseal-keyring.ts'
import { fileNameOf } from './split-keys.ts'

export type ChangeReport = ResealReport & {
  readonly vault: string
  /** Certificates that came into use, and those taken out of it. */
  readonly added: readonly string[]
  readonly revoked: readonly string[]
  /** Of the recipients now. */
  readonly epoch: number
}

export type HolderName = { readonly role: Exclude<Role, 'root'>; readonly source: string | null }

/** Where a new credential is kept: under its name only once the vault knows it. */
export type KeyFolder = {
  readonly has: (name: string) => Promise<boolean>
  /** What `begin` kept, and no `finish` followed: a change that was interrupted. */
  readonly readBegun: (name: string) => Promise<Secret | undefined>
  /** Durable when it resolves, and not under its name yet. */
  readonly begin: (name: string, text: Secret) => Promise<void>
  /** Gives it its name; durable when it resolves. */
  readonly finish: (name: string) => Promise<void>
}

export type AddRequest = OpenVaultRequest & {
  readonly holder: HolderName
  readonly folder: KeyFolder
  /** Takes every other credential of this holder out of use. */
  readonly isRotation: boolean
}

/**
 * Makes a further credential for a role, or one in the place of those it had. It is durable before
 * the vault knows its keys, and has its name once all is done: interrupted, the same call with the
 * same folder goes on with it.
 * @throws vault.role-missing without the root key | vault.keys-whole before the keys are split
 * @throws vault.key-in-use when the folder has a credential of this name
 */
export async function addCredential(request: AddRequest): Promise<ChangeReport> {
  const { folder, holder, isRotation, signal } = request
  const session = await openRoot(request)
  const recipients = await readRecipients(session, signal)
  const issued = await issue(session, { request, epoch: recipients.epoch })
  const name = fileNameOf(holder)
  await folder.begin(name, new Secret(formatCredential(issued.credential)))
  const id = certificateIdOf(issued)
  const revoked = isRotation ? await findOthers(session, issued, signal) : []
  const plan = withoutHolders(recipients, revoked)
  const added = recipientOf(issued)
  const insert = (list: RecipientsBody['read'] = []) =>
    added === undefined || list.some(({ certificate }) => certificate === id)
      ? list
      : [...list, added]
  const { source } = holder
  const next: KeyPlan =
    source === null
      ? { ...plan, issued: [issued], revoked, read: insert(plan.read) }
      : {
          ...plan,
          issued: [issued],
          revoked,
          capture: { ...plan.capture, [source]: insert(plan.capture[source]) },
        }
  const done = await report(session, next, { added: [id], signal })
  await folder.finish(name)
  return done
}

/**
 * Takes certificates out of use: what their holders stated until now stays, nothing they state from
 * now on counts, and the keyring is sealed anew without them.
 * @param id of a certificate, or how it begins
 * @throws vault.key-unknown | vault.role-missing | vault.keys-whole
 */
export async function revokeCertificate(
  request: OpenVaultRequest & { readonly id: string },
): Promise<ChangeReport> {
  const { id, signal } = request
  const session = await openRoot(request)
  const recipients = await readRecipients(session, signal)
  const known = (await listCertificates(session.vault, signal)).map(
    ({ certificate }) => certificate,
  )
  const found = known.filter((one) => one.id.startsWith(id))
  const [certificate] = found
  if (certificate === undefined || found.length > 1 || id.length < 4) {
    const what = found.length > 1 ? 'several certificates begin so' : 'no certificate has this id'
    throw new AppError('vault.key-unknown', `Cannot revoke "${id}": ${what}`, { id })
  }
  if (certificate.role === 'root') {
    const message = `Cannot revoke "${id}": it is the root's own, which the vault begins with`
    throw new AppError('vault.key-unknown', message, { id })
  }
  const revoked = [certificate.id]
  const plan = { ...withoutHolders(recipients, revoked), issued: [], revoked }
  return await report(session, plan, { added: [], signal })
}

async function report(
  session: KeySession,
  plan: KeyPlan,
  { added, signal }: { readonly added: readonly string[]; readonly signal: AbortSignal },
): Promise<ChangeReport> {
  const resealing = await changeKeys(session, plan, signal)
  const { epoch } = await session.vault.readKeys(signal)
  return { ...resealing, vault: session.vault.id, added, revoked: plan.revoked, epoch }
}

async function openRoot(request: OpenVaultRequest): Promise<KeySession> {
  const { credential, vault } = await openWithCredential(request)
  if (credential.signing.root === undefined) {
    const wanted = 'the recovery slot (--slot) with its passphrase'
    throw roleMissing('Cannot change the keys', 'it holds no root key', wanted)
  }
  await refuseStaleRoot({ credential, vault }, request.signal)
  return { credential, vault, keyring: request.keyring }
}

async function readRecipients({ vault }: KeySession, signal: AbortSignal): Promise<RecipientsBody> {
  const { recipients } = await vault.readKeys(signal)
  if (recipients !== null) return recipients
  const message = `Cannot change single keys of "${vault.store.label}": all of them are behind one passphrase still`
  throw new AppError('vault.keys-whole', message)
}

async function issue(
  { credential: root, vault }: KeySession,
  { epoch: current, request }: { readonly request: AddRequest; readonly epoch: number },
): Promise<Issued> {
  const { folder, holder, random, signal } = request
  const { role, source } = holder
  if (source !== null) parseSourceName(source)
  const name = fileNameOf(holder)
  if (await folder.has(name)) throw inUse(name, 'the one there is in use')
  const begun = await folder.readBegun(name)
  if (begun !== undefined) {
    // Nobody can be using it yet: it has no name.
    const before = { ...holder, credential: parseCredential(begun.reveal()) }
    if (!isOf(before.credential, holder) || before.credential.vaultId !== vault.id) {
      throw inUse(name, 'what was begun there is of another vault')
    }
    const { revoked } = await vault.readKeys(signal)
    if (!revoked.has(certificateIdOf(before))) return before
  }
  // Who is to read is a recipient from the next epoch on.
  const epoch = role === 'custodian' || role === 'auditor' ? current : current + 1
  const own = { role, epoch, secret: random.bytes(32), ...(source !== null && { source }) }
  return { ...holder, credential: issueCredential(root, own) }
}

function inUse(name: string, found: string): AppError {
  const message = `Cannot write "${name}": ${found}, wanted a new or empty folder`
  return new AppError('vault.key-in-use', message, { name })
}

function isOf({ signing, sources }: Credential, { role, source }: HolderName): boolean {
  return role === 'capture' ? source !== null && source in sources : signing[role] !== undefined
}

/** Certificates of the same holder that are in use, but for the root's own stand-ins. */
async function findOthers(
  { credential, vault }: KeySession,
  issued: Issued,
  signal: AbortSignal,
): Promise<string[]> {
  const { revoked } = await vault.readKeys(signal)
  const { signing: capture } = sourceKeysOf(credential, issued.source ?? '')
  const own = [...Object.values(credential.signing), ...(capture ? [capture] : [])].map((seed) =>
    signingKeyId(signingPublicKeyOf(seed)),
  )
  const id = certificateIdOf(issued)
  return (await listCertificates(vault, signal))
    .map(({ certificate }) => certificate)
    .filter(({ role, source }) => role === issued.role && source === issued.source)
    .map((certificate) => certificate.id)
    .filter((one) => one !== id && !revoked.has(one) && !own.includes(one))
}

function withoutHolders(
  { capture, read }: RecipientsBody,
  gone: readonly string[],
): Pick<KeyPlan, 'read' | 'capture'> {
  const keep = (list: RecipientsBody['read']) =>
    list.filter(({ certificate }) => !gone.includes(certificate))
  const entries = Object.entries(capture).map(([source, list]) => [source, keep(list)])
  return { read: keep(read), capture: Object.fromEntries(entries) }
}
