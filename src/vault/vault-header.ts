import * as z from 'zod'
import type { SealingPublicKey, VaultId } from '#seal/keys'
import {
  openVerifier,
  type SigningPublicKey,
  type SigningSeed,
  signBytes,
} from '#seal/signing-pair'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { parseObjectName } from '#store/object-name'

/**
 * `vault.json`: what one must know before one can open anything. Written once, signed by the root
 * key that stands in it; a credential pins that key, so the file can be replaced but not forged.
 */
export type VaultHeader = {
  readonly vaultId: VaultId
  readonly rootPublicKey: SigningPublicKey
  /** Whom rows are sealed to, at first: later recipients are entries of `_vault`. */
  readonly readPublicKey: SealingPublicKey
}

export const HEADER_NAME = parseObjectName('vault.json')
const FORMAT = 'holdfast vault 1'
const SUITES = {
  digest: 'siphash-2-4',
  keyring: 'hpke-x25519-hkdf-sha256-aes-256-gcm',
  seal: 'aes-256-gcm',
  sign: 'ed25519',
} as const

const key = z.string().regex(/^[0-9a-f]{64}$/)
const formatSchema = z.looseObject({
  vault: z.looseObject({ format: z.string(), flags: z.array(z.string()) }),
})
const headerSchema = z.strictObject({
  vault: z.strictObject({
    format: z.literal(FORMAT),
    flags: z.array(z.string()).length(0),
    vaultId: z.string().regex(/^[0-9a-f]{32}$/),
    rootPublicKey: key,
    readPublicKey: key,
    suites: z.strictObject({
      digest: z.literal(SUITES.digest),
      keyring: z.literal(SUITES.keyring),
      seal: z.literal(SUITES.seal),
      sign: z.literal(SUITES.sign),
    }),
  }),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
})

export function formatHeader(root: SigningSeed, header: VaultHeader): string {
  const vault = {
    format: FORMAT,
    flags: [],
    vaultId: header.vaultId,
    rootPublicKey: toHex(header.rootPublicKey),
    readPublicKey: toHex(header.readPublicKey),
    suites: SUITES,
  }
  return formatCanonicalJson({ vault, signature: toHex(signBytes(root, toBeSigned(vault))) })
}

/**
 * @param label of the store, for messages
 * @throws vault.format-unsupported when it is of a format or has flags that are not known
 * @throws vault.not-authentic when its own root key did not sign it
 */
export function parseHeader(label: string, text: string): VaultHeader {
  const json = parseJson(label, text)
  refuseUnknownFormat(label, json)
  const parsed = headerSchema.safeParse(json)
  if (!parsed.success) throw notAuthentic(label, 'it is not in the form of one', parsed.error)
  const { signature, vault } = parsed.data
  const rootPublicKey = fromHex(vault.rootPublicKey)
  if (!openVerifier(rootPublicKey)(toBeSigned(vault), fromHex(signature))) {
    throw notAuthentic(label, 'its signature does not fit')
  }
  const readPublicKey = fromHex(vault.readPublicKey)
  // The schema above has just checked the form of the id.
  return { vaultId: vault.vaultId as VaultId, rootPublicKey, readPublicKey }
}

function parseJson(label: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notAuthentic(label, 'it is no JSON', cause)
  }
}

function refuseUnknownFormat(label: string, json: unknown): void {
  const parsed = formatSchema.safeParse(json)
  if (!parsed.success) throw notAuthentic(label, 'it names no format', parsed.error)
  const { flags, format } = parsed.data.vault
  const [flag] = flags
  if (format === FORMAT && flag === undefined) return
  const found = format === FORMAT ? `flag "${flag}"` : `format "${format}"`
  const message = `Cannot open the vault at "${label}": found ${found}, know "${FORMAT}" without flags`
  throw new AppError('vault.format-unsupported', message, { format, flags })
}

function toBeSigned(vault: unknown): Uint8Array {
  return Buffer.from(`holdfast vault 1\n${formatCanonicalJson(vault)}`)
}

function notAuthentic(label: string, found: string, cause?: unknown): AppError {
  const message = `Cannot trust vault.json of "${label}": ${found}`
  return new AppError('vault.not-authentic', message, { object: HEADER_NAME }, { cause })
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
