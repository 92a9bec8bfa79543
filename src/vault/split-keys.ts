import {
  type Credential,
  formatCredential,
  issueCredential,
  parseCredential,
  renewCredential,
  sourceKeysOf,
} from '#seal/credential'
import type { Role } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { type SigningPublicKey, signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { openSlot, type SlotCost, sealSlot } from '#seal/slot'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { Secret } from '#stdx/secret'
import { parseObjectName } from '#store/object-name'
import { roleMissing } from './author.ts'
import {
  changeKeys,
  type Issued,
  type KeyPlan,
  type KeySession,
  listCertificates,
  recipientOf,
  refuseStaleRoot,
} from './change-keys.ts'
import { type OpenVaultRequest, openOpened, openWithCredential } from './open-vault.ts'
import { readSlots, type StoredSlot } from './read-slots.ts'
import type { ResealReport } from './reseal-keyring.ts'

export type SplitRequest = Extract<OpenVaultRequest, { readonly passphrase: Secret }> & {
  /** Sources that get a capture credential besides those of the vault. */
  readonly sources: readonly string[]
  /**
   * Keeps the files by their names. They are the only keys once this has resolved, so they must be
   * durable by then, and readable by nobody else.
   */
  readonly save: (
    files: ReadonlyMap<string, Secret>,
    vault: { readonly id: string; readonly rootPublicKey: SigningPublicKey },
  ) => Promise<void>
  /** Of the recovery slot; tests make it cheap. */
  readonly cost?: SlotCost
}

export type SplitReport = ResealReport & {
  readonly vault: string
  readonly epoch: number
  readonly files: readonly string[]
  /** Slots of other passphrases, which open nothing any more. */
  readonly otherSlots: number
}

export const RECOVERY_SLOT = 'recovery.slot'
const ROLES = ['custodian', 'keeper', 'restore', 'auditor'] as const
/** A slot that rots takes the whole vault with it, so there are two. */
const SLOT_COPIES = 2

/**
 * Turns the one passphrase of a vault into a credential for each role. No row data is rewritten: the
 * keyring is sealed anew to new keys. The passphrase opens the recovery slot alone from then on,
 * which is among the files and not in the vault.
 *
 * The new keys lie in a slot of the same passphrase before anything else happens, and every slot
 * goes last, after `save`. Interrupted, the passphrase opens everything still, and splitting again
 * goes on with the same keys.
 * @throws vault.keys-split when it was done before; seal.passphrase-wrong
 */
export async function splitKeys(request: SplitRequest): Promise<SplitReport> {
  const { keyring, save, signal } = request
  const { header, credential, vault: opened } = await openWithCredential(request)
  if (request.slot !== undefined) throw splitBefore(request.store.label)
  if (credential.signing.root === undefined) {
    throw roleMissing('Cannot split the keys', 'it holds no root key', 'the whole passphrase')
  }
  await refuseStaleRoot({ credential, vault: opened }, signal)
  const { old, slot, whole, others } = await prepareSlot(request, header.vaultId)
  const vault = await openOpened(request, header, whole)
  const session = { vault, credential: whole, keyring }
  const sources = new Set([...(await vault.listSources(signal)), ...request.sources])
  const issued = issueAll(whole, [...sources].sort())
  const plan = await planSplit(session, { issued, old }, signal)
  const report = await changeKeys(session, plan, signal)
  const files = new Map(
    issued.map((one) => [fileNameOf(one), new Secret(formatCredential(one.credential))]),
  )
  files.set(RECOVERY_SLOT, new Secret(slot))
  await save(files, vault)
  // Those of the new keys last: as long as the passphrase opens anything, it opens everything.
  for (const { names } of (await readSlots(keyring, vault.id, signal)).reverse()) {
    for (const name of names) await keyring.delete(name, signal)
  }
  const { epoch = 1 } = whole
  return { ...report, vault: vault.id, epoch, files: [...files.keys()], otherSlots: others }
}

/** `capture-<source>.key`, `keeper.key` and so on. */
export function fileNameOf({ role, source }: Pick<Issued, 'role' | 'source'>): string {
  return source === null ? `${role}.key` : `${role}-${source}.key`
}

type Prepared = {
  /** The keys before, as far as a slot still has them. */
  readonly old: Credential | undefined
  /** The keys from now on, all in one hand. */
  readonly whole: Credential
  /** Text of the slot that holds them. */
  readonly slot: string
  readonly others: number
}

/** Makes sure that a slot with new keys is durable in the vault; the same ones when there is one. */
async function prepareSlot(
  request: SplitRequest,
  vaultId: Credential['vaultId'],
): Promise<Prepared> {
  const { keyring, passphrase, random, signal } = request
  const opened: { credential: Credential; slot: StoredSlot }[] = []
  let others = 0
  for (const slot of await readSlots(keyring, vaultId, signal)) {
    const credential = await tryOpen(slot, vaultId, passphrase)
    if (credential === undefined) others += slot.isForeign ? 0 : 1
    else opened.push({ credential, slot })
  }
  const begun = opened.find(({ credential }) => (credential.epoch ?? 1) > 1)
  const old = opened.find(({ credential }) => credential !== begun?.credential)?.credential
  const whole = begun?.credential ?? (old && renewCredential(random, old))
  assert(whole !== undefined, 'The passphrase has just opened a slot.')
  const text = begun?.slot.text ?? (await sealWhole(request, whole))
  for (let copy = begun?.slot.names.length ?? 0; copy < SLOT_COPIES; copy++) {
    const name = parseObjectName(`slots/${Buffer.from(random.bytes(8)).toString('hex')}.json`)
    await keyring.put(name, Buffer.from(text), signal)
  }
  return { old, whole, slot: text, others }
}

async function sealWhole(
  { cost, passphrase, random }: SplitRequest,
  whole: Credential,
): Promise<string> {
  const { epoch = 1, vaultId } = whole
  const plaintext = formatCredential(whole)
  const given = cost === undefined ? {} : { cost }
  return await sealSlot(random, { vaultId, passphrase, plaintext, epoch, ...given })
}

/** `undefined` when it is another passphrase's, or damaged. */
async function tryOpen(
  { names, text }: StoredSlot,
  vaultId: Credential['vaultId'],
  passphrase: Secret,
): Promise<Credential | undefined> {
  try {
    return parseCredential(await openSlot({ vaultId, name: names[0] ?? '', text, passphrase }))
  } catch (error) {
    if (!isAppError(error)) throw error
    return undefined
  }
}

function issueAll(whole: Credential, sources: readonly string[]): Issued[] {
  const { epoch = 1, masters } = whole
  const { roles: secret } = masters
  assert(secret !== undefined, 'A renewed credential hands out others.')
  return [
    ...ROLES.map((role) => ({
      role,
      source: null,
      credential: issueCredential(whole, { role, epoch, secret }),
    })),
    ...sources.map((source) => ({
      role: 'capture' as const,
      source,
      credential: issueCredential(whole, { role: 'capture', source, epoch, secret }),
    })),
  ]
}

async function planSplit(
  { credential: whole, vault }: KeySession,
  { issued, old }: { readonly issued: readonly Issued[]; readonly old: Credential | undefined },
  signal: AbortSignal,
): Promise<KeyPlan> {
  const { epoch = 1, read: ownRead } = whole
  assert(ownRead !== undefined, 'A whole credential reads.')
  const own = {
    certificate: signingKeyId(vault.rootPublicKey),
    key: Buffer.from(publicKeyOf(ownRead)).toString('hex'),
  }
  const read = issued.flatMap((one) => (one.source === null ? (recipientOf(one) ?? []) : []))
  const capture = Object.fromEntries(
    issued.flatMap((one) => {
      const recipient = one.source === null ? undefined : recipientOf(one)
      return recipient === undefined ? [] : [[one.source, [recipient]]]
    }),
  )
  const stored = (await listCertificates(vault, signal))
    .filter(({ certificate }) => certificate.role !== 'root' && certificate.epoch < epoch)
    .map(({ certificate }) => certificate.id)
  const known = old === undefined ? [] : signersOf(old, await vault.listSources(signal))
  return { issued, read: [own, ...read], capture, revoked: [...new Set([...stored, ...known])] }
}

/** Ids of the keys that a whole credential signs with, besides the root's. */
function signersOf(whole: Credential, sources: readonly string[]): string[] {
  const roles: readonly Exclude<Role, 'root' | 'capture'>[] = ROLES
  const seeds = [
    ...roles.map((role) => whole.signing[role]),
    ...sources.map((source) => sourceKeysOf(whole, source).signing),
  ]
  return seeds.flatMap((seed) =>
    seed === undefined ? [] : [signingKeyId(signingPublicKeyOf(seed))],
  )
}

function splitBefore(label: string): AppError {
  const message = `Cannot split the keys of "${label}": they were split before; \`holdfast key add\` and \`key rotate\` make further credentials`
  return new AppError('vault.keys-split', message)
}
