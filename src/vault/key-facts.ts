import type { Certificate } from '#seal/certificate'
import { type Credential, sourceKeysOf } from '#seal/credential'
import type { SealingPrivateKey, SealingPublicKey, VaultId } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { openVerifier, type SigningPublicKey, signingKeyId } from '#seal/signing-pair'
import type { Chain } from '#timeline/chain-slots'
import { foldFacts, type Resealed } from '#timeline/fold-facts'
import type { RecipientsBody } from '#timeline/key-entry'
import { collectRevocations, type Revocations } from '#timeline/revocations'

/** What `_vault` says of keys: whom data keys are sealed to, and who was revoked. */
export type KeyFacts = {
  /** Of the newest recipients; 1 while they are those that the vault began with. */
  readonly epoch: number
  readonly recipients: RecipientsBody | null
  readonly revoked: Revocations
  /** Lists of what was sealed anew, in order of their entries. */
  readonly resealed: readonly Resealed[]
  /** Texts, each signed by the root. */
  readonly certificates: readonly string[]
}

export function foldKeyFacts({ entries }: Pick<Chain, 'entries'>): KeyFacts {
  const { certificates, recipients, resealed } = foldFacts({ entries })
  const revoked = collectRevocations(entries)
  return { epoch: recipients?.epoch ?? 1, recipients, revoked, resealed, certificates }
}

/** Public keys that open everything; `undefined` while `vault.json` says it. */
export function readersOf({ recipients }: KeyFacts): readonly SealingPublicKey[] | undefined {
  return recipients?.read.map(({ key }) => fromHex(key))
}

/** Public keys that open record keys of a source; none when nobody may capture it. */
export function capturersOf(
  { recipients }: KeyFacts,
  source: string,
): readonly SealingPublicKey[] | undefined {
  return recipients === null
    ? undefined
    : (recipients.capture[source] ?? []).map(({ key }) => fromHex(key))
}

/**
 * Whether data keys of a source are sealed to this credential today. One without any key that opens
 * them writes no segments, and one that was at hand before keys were split is asked for nothing.
 */
export function isRecipient(facts: KeyFacts, credential: Credential, source: string): boolean {
  const { recipients } = facts
  if (recipients === null) return true
  return isAmong(readersOf(facts), credential.read) || isCapturer(facts, credential, source)
}

/** Whether record keys of a source are sealed to its capture key, as this credential has it. */
export function isCapturer(facts: KeyFacts, credential: Credential, source: string): boolean {
  const capturers = capturersOf(facts, source)
  if (capturers === undefined) return (credential.epoch ?? 1) === 1
  return isAmong(capturers, sourceKeysOf(credential, source).capture)
}

/** Whether data keys are sealed to a credential that opens everything; so before a split. */
export function isReader(facts: KeyFacts, { read }: Credential): boolean {
  return facts.recipients === null || isAmong(readersOf(facts), read)
}

function isAmong(
  keys: readonly SealingPublicKey[] | undefined,
  own: SealingPrivateKey | undefined,
): boolean {
  if (own === undefined) return false
  const publicKey = publicKeyOf(own)
  return keys?.some((key) => Buffer.compare(key, publicKey) === 0) ?? false
}

/** The root certifies itself: whoever pins its key needs no file for it. */
export function rootCertificate(pinned: {
  readonly vaultId: VaultId
  readonly rootPublicKey: SigningPublicKey
}): Certificate {
  const { rootPublicKey, vaultId } = pinned
  return {
    vaultId,
    id: signingKeyId(rootPublicKey),
    role: 'root',
    source: null,
    epoch: 1,
    publicKey: rootPublicKey,
    sealingKey: null,
    hasSigned: openVerifier(rootPublicKey),
  }
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
