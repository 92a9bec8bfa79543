import { type Certificate, formatCertificate, parseCertificate } from '#seal/certificate'
import { type Credential, sourceKeysOf } from '#seal/credential'
import type { Role } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts } from '#timeline/fold-facts'
import type { RecipientsBody } from '#timeline/key-entry'
import { liveSegments } from '#timeline/timeline-state'
import { certificateName, roleMissing } from './author.ts'
import { parseEpochName } from './epoch-keyring.ts'
import { isReader } from './key-facts.ts'
import { type KeyringList, writeKeyringList } from './keyring-list.ts'
import {
  type KeyringParts,
  keyringOfDocument,
  keyringOfSegment,
  type NeededKeyring,
} from './needed-objects.ts'
import type { OpenedVault } from './opened-vault.ts'
import { type ResealReport, resealKeyring } from './reseal-keyring.ts'
import { readStatedKeys } from './stated-keys.ts'

/** A vault opened by somebody who holds the root key. */
export type KeySession = {
  readonly vault: OpenedVault
  readonly credential: Credential
  /** As it lies in the store, every epoch under its own name. */
  readonly keyring: ObjectStore
}

/** A role's credential that is handed out. */
export type Issued = {
  readonly role: Exclude<Role, 'root'>
  readonly source: string | null
  readonly credential: Credential
}

/** Who holds which keys once a change is done. */
export type KeyPlan = {
  readonly issued: readonly Issued[]
  readonly read: RecipientsBody['read']
  readonly capture: RecipientsBody['capture']
  /** Ids of certificates to take out of use. */
  readonly revoked: readonly string[]
}

/**
 * Makes the vault's keys what the plan says. May be repeated with the same plan after an
 * interruption; it goes on where it was.
 *
 * The order is what makes it safe beside running captures: recipients first, so that whoever began
 * with the old ones is refused at its commit; then revocations up to the heads as they are by then,
 * so that no capture that was told of success is lost; then the keyring is sealed anew.
 * @throws vault.role-missing without the root key
 */
export async function changeKeys(
  session: KeySession,
  plan: KeyPlan,
  signal: AbortSignal,
): Promise<ResealReport> {
  const { vault } = session
  await sayCertificates(session, plan, signal)
  const { capture, read } = plan
  const { recipients } = await vault.readKeys(signal)
  const isNew =
    recipients === null ||
    formatCanonicalJson({ read: recipients.read, capture: recipients.capture }) !==
      formatCanonicalJson({ read, capture })
  if (isNew) {
    const epoch = await nextEpoch(vault, recipients?.epoch ?? 1, signal)
    await vault.sayKeys(() => ({ kind: 'recipients', epoch, read, capture }), signal)
  }
  await sayRevocations(session, plan, signal)
  const report = await resealNow(session, signal)
  await vault.putHeads(signal)
  return report
}

/**
 * A slot of before a split has the root key still: whoever put it back would make keys that open
 * nothing of what is there, beside those that do.
 * @throws vault.keys-split
 */
export async function refuseStaleRoot(
  { credential, vault }: Pick<KeySession, 'credential' | 'vault'>,
  signal: AbortSignal,
): Promise<void> {
  if (isReader(await vault.readKeys(signal), credential)) return
  const found = 'its keys were split, and the slot that the passphrase opened is of before that'
  const message = `Cannot change the keys of "${vault.store.label}": ${found}, wanted the recovery slot (--slot)`
  throw new AppError('vault.keys-split', message)
}

/** The first later one that no dead name is of: what lies at such a name may go at any time. */
async function nextEpoch(vault: OpenedVault, epoch: number, signal: AbortSignal): Promise<number> {
  const { deadKeyrings } = foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
  const dead = new Set([...deadKeyrings].map((name) => parseEpochName(parseObjectName(name)).epoch))
  let next = epoch + 1
  while (dead.has(next)) next += 1
  return next
}

/** Seals what still lies there for older keys to the newest recipients. */
export async function resealNow(
  { credential, keyring, vault }: KeySession,
  signal: AbortSignal,
): Promise<ResealReport> {
  const { epoch, recipients } = await vault.readKeys(signal)
  if (recipients === null) return { resealed: 0, problems: [] }
  const { past = [], read } = credential
  const openers = { ...(read && { read }), past }
  const toKeys = (list: RecipientsBody['read'] = []) =>
    list.map(({ key }) => new Uint8Array(Buffer.from(key, 'hex')))
  const recipientsOf = (source: string) => ({
    read: toKeys(recipients.read),
    capture: toKeys(recipients.capture[source]),
  })
  const { copies, parts } = await readCommitted(vault, signal)
  const { anew: stated } = await readStatedKeys(vault, signal)
  const { deadKeyrings: dead } = foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
  const deps = {
    vaultId: vault.id,
    keyring,
    openers,
    recipientsOf,
    copies,
    partsOf: (name: string) => parts.get(name),
    dead,
    stated,
    say: (list: KeyringList) => sayResealed(vault, { epoch, list }, signal),
  }
  const report = await resealKeyring(deps, epoch, signal)
  const stoodFor = new Set(copies.values())
  return { ...report, problems: report.problems.filter(({ object }) => !stoodFor.has(object)) }
}

/** The certificate of a credential that is handed out, always the same text. */
export function certify(root: Credential, { credential, role, source }: Issued): string {
  const seed = root.signing.root
  if (seed === undefined) {
    throw roleMissing('Cannot certify a key', 'it holds no root key', 'the recovery slot')
  }
  const { epoch = 1, vaultId } = credential
  const key = sealingKeyOf({ credential, role, source })
  return formatCertificate(seed, {
    vaultId,
    role,
    source,
    epoch,
    publicKey: signingPublicKeyOf(seedOf({ credential, role, source })),
    sealingKey: key ?? null,
  })
}

/** How a credential that is handed out is called as a recipient; `undefined` when it opens nothing. */
export function recipientOf(issued: Issued): { certificate: string; key: string } | undefined {
  const key = sealingKeyOf(issued)
  if (key === undefined) return undefined
  return { certificate: certificateIdOf(issued), key: Buffer.from(key).toString('hex') }
}

export function certificateIdOf(issued: Issued): string {
  return signingKeyId(signingPublicKeyOf(seedOf(issued)))
}

/** Every certificate in `roles/`, with its text; what is none is left out. */
export async function listCertificates(
  vault: OpenedVault,
  signal: AbortSignal,
): Promise<{ readonly certificate: Certificate; readonly text: string }[]> {
  const found: { certificate: Certificate; text: string }[] = []
  const deps = { vaultId: vault.id, rootPublicKey: vault.rootPublicKey }
  for await (const { name } of vault.store.list('roles/', signal)) {
    if (!/^roles\/[0-9a-f]{32}\.json$/.test(name)) continue
    try {
      const text = Buffer.from(await vault.store.get(name, { signal })).toString('utf8')
      const certificate = parseCertificate(deps, name, text)
      if (certificateName(certificate.id) === name) found.push({ certificate, text })
    } catch (error) {
      // `check` names it; here it is nobody's certificate.
      if (!isAppError(error, 'seal.certificate-invalid')) throw error
    }
  }
  return found
}

async function sayCertificates(
  { credential, vault }: KeySession,
  { issued }: KeyPlan,
  signal: AbortSignal,
): Promise<void> {
  for (const one of issued) {
    const text = certify(credential, one)
    await vault.store.put(certificateName(certificateIdOf(one)), Buffer.from(text), signal)
  }
  const { certificates: said } = await vault.readKeys(signal)
  const all = (await listCertificates(vault, signal)).map(({ text }) => text)
  const certificates = all.filter((text) => !said.includes(text))
  if (certificates.length === 0) return
  await vault.sayKeys(() => ({ kind: 'certificate', certificates }), signal)
}

async function sayRevocations(
  { vault }: KeySession,
  { revoked: wanted }: KeyPlan,
  signal: AbortSignal,
): Promise<void> {
  const { revoked } = await vault.readKeys(signal)
  const ids = wanted.filter((id) => !revoked.has(id))
  if (ids.length === 0) return
  const last: Record<string, number> = {}
  for (const source of await vault.listSources(signal)) {
    const { headSeq } = await vault.readChain(source, signal)
    if (headSeq >= 0) last[source] = headSeq
  }
  await vault.sayKeys(({ headSeq }) => {
    const until = { ...last, [VAULT_TIMELINE]: Math.max(0, headSeq) }
    return {
      kind: 'revoke',
      certificates: ids.map((certificate) => ({ certificate, last: until })),
    }
  }, signal)
}

/** What entries say of the keyring: whole copies that stand for damaged objects, and commitments. */
async function readCommitted(vault: OpenedVault, signal: AbortSignal) {
  const copies = new Map<string, string>()
  const parts = new Map<string, KeyringParts>()
  const keep = ({ name, parts: committed }: NeededKeyring) => parts.set(name, committed)
  for (const source of await vault.listSources(signal)) {
    const state = await vault.readGoodPart(source, signal)
    for (const { ref } of [...liveSegments(state), ...state.replaced]) {
      keep(keyringOfSegment(ref, state.repairs))
    }
    for (const [object, by] of state.repairs) {
      if (object.startsWith('keyring:')) copies.set(by, object.slice('keyring:'.length))
    }
  }
  const { allDocuments } = foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
  for (const body of allDocuments) keep(keyringOfDocument(body))
  return { copies, parts }
}

/** @throws vault.entry-refused when something of it was declared dead meanwhile */
async function sayResealed(
  vault: OpenedVault,
  { epoch, list }: { readonly epoch: number; readonly list: KeyringList },
  signal: AbortSignal,
): Promise<void> {
  const session = vault.makeSession()
  const ref = await writeKeyringList(vault.store, { list, session }, signal)
  await vault.sayKeys((after) => {
    const { deadKeyrings } = foldFacts(after)
    const dead = [...list.keys()].find((name) => deadKeyrings.has(`${name}.${epoch}`))
    if (dead === undefined) return { kind: 'resealed', epoch, list: ref }
    const message = `Cannot say what "${dead}" was sealed anew as: it was declared dead meanwhile`
    throw new AppError('vault.entry-refused', message, { source: VAULT_TIMELINE })
  }, signal)
}

function seedOf({ credential, role, source }: Issued): Uint8Array {
  const seed =
    role === 'capture' ? sourceKeysOf(credential, source ?? '').signing : credential.signing[role]
  assert(seed !== undefined, 'A credential that is handed out signs as its role.')
  return seed
}

function sealingKeyOf({ credential, role, source }: Issued): Uint8Array | undefined {
  const key = role === 'capture' ? sourceKeysOf(credential, source ?? '').capture : credential.read
  return key === undefined ? undefined : publicKeyOf(key)
}
