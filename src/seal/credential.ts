import { hkdfSync } from 'node:crypto'
import * as z from 'zod'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Random } from '#stdx/random'
import { refuseOtherFormat } from './format-name.ts'
import type { DigestKey, Role, SealingPrivateKey, VaultId } from './keys.ts'
import { type SigningPublicKey, type SigningSeed, signingPublicKeyOf } from './signing-pair.ts'

/**
 * The secrets one holder has. The single passphrase's slot holds all of them; a role's credential
 * holds that role's alone. What sources need follows from masters by HKDF, so that a new source
 * needs no new secret in the slot, while a capture credential holds its one source's keys and
 * nothing they could be derived from.
 */
export type Credential = {
  readonly vaultId: VaultId
  readonly rootPublicKey: SigningPublicKey
  /** Opens entries: every role has it. */
  readonly logKey: Uint8Array
  /** Seeds of the roles that are not a source's. */
  readonly signing: Readonly<Partial<Record<Exclude<Role, 'capture'>, SigningSeed>>>
  readonly read?: SealingPrivateKey
  /** Read keys that were rotated; only whoever seals anew has them. */
  readonly past?: readonly SealingPrivateKey[]
  /**
   * Which generation of keys it belongs to; absent is 1. A vault that shows an older one is not the
   * newest, so the credential refuses it.
   */
  readonly epoch?: number
  readonly masters: Readonly<Partial<Record<Master, Uint8Array>>>
  readonly sources: Readonly<Record<string, SourceKeys>>
}

/** What the keys of every source, and those handed out to roles, are derived from, each for one use. */
export type Master = 'captureSigning' | 'captureOpening' | 'digest' | 'roles'

/** What is held of one source. */
export type SourceKeys = {
  readonly signing?: SigningSeed
  readonly capture?: SealingPrivateKey
  readonly digestKey?: DigestKey
}

/** Fresh secrets of a new vault, all in one hand. */
export function createCredential(random: Random, vaultId: VaultId): Credential {
  const root = random.bytes(32)
  return {
    vaultId,
    rootPublicKey: signingPublicKeyOf(root),
    logKey: random.bytes(32),
    signing: {
      root,
      custodian: random.bytes(32),
      keeper: random.bytes(32),
      restore: random.bytes(32),
      auditor: random.bytes(32),
    },
    read: random.bytes(32),
    masters: {
      captureSigning: random.bytes(32),
      captureOpening: random.bytes(32),
      digest: random.bytes(32),
    },
    sources: {},
  }
}

/** What this credential holds of a source, as given or derived: each time the same. */
export function sourceKeysOf(credential: Credential, source: string): SourceKeys {
  const derived = derivedKeys.get(credential) ?? new Map<string, SourceKeys>()
  derivedKeys.set(credential, derived)
  const keys = derived.get(source) ?? deriveSourceKeys(credential, source)
  derived.set(source, keys)
  return keys
}

/** For as long as the credential itself is held. */
const derivedKeys = new WeakMap<Credential, Map<string, SourceKeys>>()

function deriveSourceKeys(credential: Credential, source: string): SourceKeys {
  const { captureSigning, captureOpening, digest } = credential.masters
  return {
    ...(captureSigning && { signing: derive(captureSigning, 'capture signing', source) }),
    ...(captureOpening && { capture: derive(captureOpening, 'capture opening', source) }),
    ...(digest && { digestKey: derive(digest, 'digest', source) }),
    ...credential.sources[source],
  }
}

/**
 * The part of a credential that one role needs, and nothing it must not have.
 * @param source required for `capture`
 */
export function narrowCredential(
  credential: Credential,
  role: Exclude<Role, 'root'>,
  source?: string,
): Credential {
  const { vaultId, rootPublicKey, logKey, masters } = credential
  const bare = { vaultId, rootPublicKey, logKey, signing: {}, masters: {}, sources: {} }
  if (role === 'capture') {
    assert(source !== undefined, 'A capture credential is for one source.')
    return { ...bare, sources: { [source]: sourceKeysOf(credential, source) } }
  }
  const seed = credential.signing[role]
  const signing = seed === undefined ? {} : { [role]: seed }
  if (role === 'custodian' || role === 'auditor') return { ...bare, signing }
  const { captureOpening, digest } = masters
  const derived = {
    ...(digest && { digest }),
    ...(role === 'keeper' && captureOpening && { captureOpening }),
  }
  const read = credential.read && { read: credential.read }
  return { ...bare, ...read, signing, masters: derived }
}

/**
 * The same vault in new keys, behind one passphrase still: root, log key and digest keys stay, all
 * others are fresh. What is not sealed anew yet opens with the old read key, which it keeps.
 */
export function renewCredential(random: Random, old: Credential): Credential {
  const fresh = createCredential(random, old.vaultId)
  const { digest } = old.masters
  const { root } = old.signing
  assert(root !== undefined && digest !== undefined, 'Only a whole credential is renewed.')
  return {
    ...fresh,
    rootPublicKey: old.rootPublicKey,
    logKey: old.logKey,
    signing: { ...fresh.signing, root },
    past: [...(old.read ? [old.read] : []), ...(old.past ?? [])],
    epoch: (old.epoch ?? 1) + 1,
    masters: { ...fresh.masters, digest, roles: random.bytes(32) },
  }
}

export type IssueRequest = {
  readonly role: Exclude<Role, 'root'>
  /** For `capture`. */
  readonly source?: string
  readonly epoch: number
  /** 32 bytes; the same secret gives the same credential. */
  readonly secret: Uint8Array
}

/**
 * A credential of a role with keys of its own, which nothing else in the vault's hands derives from;
 * of `whole` it takes only what the role shares with others: log key and digest keys.
 */
export function issueCredential(whole: Credential, request: IssueRequest): Credential {
  const { epoch, role, secret, source = '' } = request
  const { logKey, masters, rootPublicKey, vaultId } = whole
  const make = (use: string) => derive(secret, `${role} ${use}`, source)
  const bare = { vaultId, rootPublicKey, logKey, signing: {}, masters: {}, sources: {}, epoch }
  if (role === 'capture') {
    assert(source !== '', 'A capture credential is for one source.')
    const { digestKey } = sourceKeysOf(whole, source)
    assert(digestKey !== undefined, 'Who issues a capture credential has the digest key.')
    const own = { signing: make('signing'), capture: make('opening'), digestKey }
    return { ...bare, sources: { [source]: own } }
  }
  const signing = { [role]: make('signing') }
  if (role === 'custodian' || role === 'auditor') return { ...bare, signing }
  const { digest } = masters
  assert(digest !== undefined, 'Who issues a credential that reads has the digest keys.')
  return { ...bare, signing, read: make('opening'), masters: { digest } }
}

const key = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => new Uint8Array(Buffer.from(text, 'hex')))

const FORMAT = 'holdfast credential 1'
const formatSchema = z.looseObject({ format: z.string() })
const credentialSchema = z.strictObject({
  format: z.literal(FORMAT),
  vaultId: z.string().regex(/^[0-9a-f]{32}$/),
  rootPublicKey: key,
  logKey: key,
  signing: z.partialRecord(z.enum(['root', 'custodian', 'keeper', 'restore', 'auditor']), key),
  read: key.optional(),
  past: z.array(key).optional(),
  epoch: z.int().min(2).optional(),
  masters: z.partialRecord(z.enum(['captureSigning', 'captureOpening', 'digest', 'roles']), key),
  sources: z.record(
    z.string(),
    z.strictObject({
      signing: key.optional(),
      capture: key.optional(),
      digestKey: key.optional(),
    }),
  ),
})

/** The credential as text: what a slot seals and a credential file holds. Secret. */
export function formatCredential(credential: Credential): string {
  return formatCanonicalJson(toText({ format: FORMAT, ...credential }))
}

/** @throws seal.credential-invalid | seal.format-unsupported when the text is no credential of ours */
export function parseCredential(text: string): Credential {
  const json = parseJson(text)
  const { data } = formatSchema.safeParse(json)
  refuseOtherFormat({ what: 'the credential', known: FORMAT }, data?.format)
  const parsed = credentialSchema.safeParse(json)
  if (!parsed.success) {
    // No cause: its text could quote the secret.
    const isSlot = data?.format?.startsWith('holdfast slot ')
    const found = isSlot
      ? 'it is a slot, which HOLDFAST_SLOT names and which needs its passphrase'
      : 'it is not in the form that Holdfast writes'
    const message = `Cannot read the credential: ${found}`
    throw new AppError('seal.credential-invalid', message)
  }
  // The schema has checked every name and key; only absent and undefined differ in type.
  const { format: _, vaultId, ...credential } = parsed.data
  return { ...credential, vaultId: vaultId as VaultId } as Credential
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON is no credential, as the schema says.
    return undefined
  }
}

function derive(master: Uint8Array, use: string, source: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, '', `holdfast ${use} 1 ${source}`, 32))
}

function toText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(toText)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toText(inner)]))
}
