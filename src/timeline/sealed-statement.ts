import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { VaultId } from '#seal/keys'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { SIGNATURE_BYTES, type SigningSeed, signBytes } from '#seal/signing-pair'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Random } from '#stdx/random'

/**
 * What somebody states, as one object that only readers of the log open and whose author is known:
 *
 * ```
 * magic    4   of the kind of object
 * version  1   1
 * flags    1   0
 * salt    32   random; with the log key it gives the key of this one object
 * sealed   n   AES-256-GCM of the zstd frame of: signature (64, Ed25519), statement (canonical JSON)
 * ```
 *
 * The signature covers the statement; the seal also binds vault, source and seq, so that an object
 * in another place than its own opens nowhere.
 */
export type StatementKind = {
  readonly magic: string
  /** Begins what is signed and what is authenticated along: one kind never serves as another. */
  readonly purpose: string
}

export type StatementPlace = { readonly source: string; readonly seq: number }
export type LogDeps = { readonly vaultId: VaultId; readonly logKey: Uint8Array }
export type Author = { readonly certificateId: string; readonly seed: SigningSeed }

/** What an object holds, or why it holds nothing. */
export type Unsealed =
  | {
      readonly kind: 'statement'
      readonly signed: Uint8Array
      readonly signature: Uint8Array
      readonly text: string
    }
  | { readonly kind: 'void' | 'unsupported'; readonly problem: string }

const VERSION = 1
const SALT_BYTES = 32
const HEADER_BYTES = 6
const SALT_END = HEADER_BYTES + SALT_BYTES
const STATEMENT_BYTES_MAX = 256 * 1024 * 1024
const ZSTD_LEVEL = 3

/** The object, signed and sealed. Another call gives other bytes: the salt is fresh. */
export function sealStatement(
  { kind, logKey, random, vaultId }: LogDeps & { kind: StatementKind; random: Random },
  place: StatementPlace,
  said: object,
  author: Author,
): Uint8Array<ArrayBuffer> {
  const statement = Buffer.from(formatCanonicalJson(said))
  const signature = signBytes(author.seed, toBeSigned(kind, statement))
  const frame = zstdCompressSync(Buffer.concat([signature, statement]), {
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
  })
  const salt = random.bytes(SALT_BYTES)
  const sealed = sealLogged({ logKey, salt, aad: aadOf(kind, vaultId, place) }, frame)
  const magic = Buffer.from(kind.magic, 'latin1')
  return new Uint8Array(Buffer.concat([magic, Buffer.of(VERSION, 0), salt, sealed]))
}

/** What lies at this place. Never throws for what the object holds; the signature is not looked at. */
export function unsealStatement(
  { kind, logKey, vaultId }: LogDeps & { kind: StatementKind },
  place: StatementPlace,
  bytes: Uint8Array,
): Unsealed {
  const voided = (problem: string) => ({ kind: 'void' as const, problem })
  if (bytes.byteLength < SALT_END) return voided(`it has only ${bytes.byteLength} bytes`)
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  if (magic !== kind.magic)
    return voided(`it does not begin as an object of kind "${kind.purpose}"`)
  if (bytes[4] !== VERSION || bytes[5] !== 0) {
    const problem = `it is of format ${bytes[4]} with flags ${bytes[5]}, known is ${VERSION}`
    return { kind: 'unsupported', problem }
  }
  const salt = bytes.subarray(HEADER_BYTES, SALT_END)
  const aad = aadOf(kind, vaultId, place)
  const frame = unsealLogged({ logKey, salt, aad }, bytes.subarray(SALT_END))
  if (frame === undefined) return voided('it is not authentic')
  const opened = decompress(frame)
  if (opened === undefined) return voided(`what it seals is no ${kind.purpose}`)
  const statement = opened.subarray(SIGNATURE_BYTES)
  return {
    kind: 'statement',
    signed: toBeSigned(kind, statement),
    signature: opened.subarray(0, SIGNATURE_BYTES),
    text: statement.toString('utf8'),
  }
}

function decompress(frame: Uint8Array): Buffer | undefined {
  try {
    const opened = zstdDecompressSync(frame, { maxOutputLength: STATEMENT_BYTES_MAX })
    return opened.byteLength < SIGNATURE_BYTES ? undefined : opened
  } catch {
    // Sealed by a holder of the log key, and no statement all the same: void.
    return undefined
  }
}

function toBeSigned({ purpose }: StatementKind, statement: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`holdfast ${purpose} 1\n`), statement])
}

function aadOf(
  { purpose }: StatementKind,
  vaultId: VaultId,
  { seq, source }: StatementPlace,
): Buffer {
  return Buffer.from(`holdfast ${purpose} ${VERSION} 0\n${vaultId}/${source}/${seq}`)
}
