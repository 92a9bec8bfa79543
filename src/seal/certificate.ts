import * as z from 'zod'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { refuseOtherFormat } from './format-name.ts'
import type { Role, SealingPublicKey, VaultId } from './keys.ts'
import {
  openVerifier,
  type SigningPublicKey,
  type SigningSeed,
  signBytes,
  signingKeyId,
} from './signing-pair.ts'

/**
 * What the root key says of another key: which role may sign with it, and for which source.
 * Everything that is signed by anybody names a certificate, and means nothing without it.
 */
export type Certificate = {
  readonly vaultId: VaultId
  /** `signingKeyId` of `publicKey`. */
  readonly id: string
  readonly role: Role
  /** The one source it holds for; `null`: all. */
  readonly source: string | null
  readonly epoch: number
  readonly publicKey: SigningPublicKey
  /** For capture: the X25519 key that `.keys` objects of the source are sealed to; else `null`. */
  readonly sealingKey: SealingPublicKey | null
  /** Whether its holder signed these bytes. */
  readonly hasSigned: (bytes: Uint8Array, signature: Uint8Array) => boolean
}

const FORMAT = 'holdfast certificate 1'
const hexKey = z.string().regex(/^[0-9a-f]{64}$/)

const certificateSchema = z.strictObject({
  certificate: z.strictObject({
    format: z.literal(FORMAT),
    vaultId: z.string().regex(/^[0-9a-f]{32}$/),
    role: z.enum(['root', 'capture', 'custodian', 'keeper', 'restore', 'auditor']),
    source: z.string().nullable(),
    epoch: z.int().min(1),
    publicKey: hexKey,
    sealingKey: hexKey.nullable(),
  }),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
})

const formatSchema = z.looseObject({ certificate: z.looseObject({ format: z.string() }) })

/** The certificate as it is stored: canonical JSON, signed by the root key. */
export function formatCertificate(
  root: SigningSeed,
  certificate: Omit<Certificate, 'id' | 'hasSigned'>,
): string {
  const { vaultId, role, source, epoch, publicKey, sealingKey } = certificate
  const body = {
    format: FORMAT,
    vaultId,
    role,
    source,
    epoch,
    publicKey: toHex(publicKey),
    sealingKey: sealingKey === null ? null : toHex(sealingKey),
  }
  return formatCanonicalJson({
    certificate: body,
    signature: toHex(signBytes(root, signedBytes(body))),
  })
}

export type CertificateDeps = {
  readonly vaultId: VaultId
  readonly rootPublicKey: SigningPublicKey
}

/**
 * Reads a stored certificate.
 * @param name what to call it in messages
 * @throws seal.certificate-invalid unless the root key of this vault signed exactly this
 * @throws seal.format-unsupported when it is of a later format
 */
export function parseCertificate(deps: CertificateDeps, name: string, text: string): Certificate {
  const { certificate: body, signature } = parseStored(name, text)
  const isSigned = openVerifier(deps.rootPublicKey)(signedBytes(body), fromHex(signature))
  if (!isSigned) throw invalid(name, 'the root key did not sign it')
  if (body.vaultId !== deps.vaultId) throw invalid(name, 'it belongs to another vault')
  const publicKey = fromHex(body.publicKey)
  return {
    vaultId: deps.vaultId,
    id: signingKeyId(publicKey),
    role: body.role,
    source: body.source,
    epoch: body.epoch,
    publicKey,
    sealingKey: body.sealingKey === null ? null : fromHex(body.sealingKey),
    hasSigned: openVerifier(publicKey),
  }
}

function parseStored(name: string, text: string): z.infer<typeof certificateSchema> {
  const json = parseJson(text)
  const { data } = formatSchema.safeParse(json)
  refuseOtherFormat({ what: `certificate "${name}"`, known: FORMAT }, data?.certificate.format)
  try {
    return certificateSchema.parse(json)
  } catch (cause) {
    throw invalid(name, 'it is not in the form of a certificate', cause)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON is no certificate, as the schema says.
    return undefined
  }
}

function signedBytes(body: unknown): Uint8Array {
  return Buffer.from(`holdfast certificate 1\n${formatCanonicalJson(body)}`)
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

function invalid(name: string, found: string, cause?: unknown): AppError {
  const message = `Cannot trust certificate "${name}": ${found}`
  return new AppError('seal.certificate-invalid', message, { name }, { cause })
}
