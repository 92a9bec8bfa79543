import { createHash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as z from 'zod'
import type { Certificate } from '#seal/certificate'
import type { VaultId } from '#seal/keys'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { SIGNATURE_BYTES, type SigningSeed, signBytes } from '#seal/signing-pair'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Random } from '#stdx/random'
import { type EntryBody, entryBodySchema } from './entry.ts'
import { judgeAuthor } from './judge-author.ts'
import { judgeCosigner } from './proposal.ts'

/**
 * What surrounds an entry's body: who says it, when, and after what. One object:
 *
 * ```
 * magic    4   "HFTE"
 * version  1   1
 * flags    1   0
 * salt    32   random; with the log key it gives the key of this one object
 * sealed   n   AES-256-GCM of the zstd frame of: signature (64, Ed25519), statement (canonical JSON)
 * ```
 *
 * The signature covers the statement; the seal also binds vault, source and seq, so that an object
 * in another slot than its own opens nowhere. The entry's hash is SHA-256 of the whole object.
 */
export type Entry = {
  readonly source: string
  readonly seq: number
  /** Hash of the object in the slot before, whatever it is; `null` in slot 0. */
  readonly previous: string | null
  /** The void slots since the entry before, which this one chains over. */
  readonly voids: readonly VoidSlot[]
  /** Id of the author's certificate. */
  readonly author: string
  /** By the author's clock, ISO 8601. */
  readonly time: string
  readonly body: EntryBody | UnknownBody
}

/** The hash of what lay in a slot without being an entry. */
export type VoidSlot = { readonly seq: number; readonly hash: string }

/** A kind of a later version: read on, write nothing. */
export type UnknownBody = { readonly kind: 'unknown'; readonly unknownKind: string }

/** What the object in a slot turned out to be. */
export type Slot = { readonly seq: number; readonly hash: string } & (
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Not authentic, or by somebody who may not say it. */
  | { readonly kind: 'void'; readonly problem: string }
  /** Of another format, or authentic and yet not understood. */
  | { readonly kind: 'unsupported'; readonly problem: string }
)

const MAGIC = Buffer.from('HFTE')
const VERSION = 1
const SALT_BYTES = 32
const HEADER_BYTES = 6
const SALT_END = HEADER_BYTES + SALT_BYTES
const STATEMENT_BYTES_MAX = 256 * 1024 * 1024
const ZSTD_LEVEL = 3

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const statementSchema = z.strictObject({
  vaultId: z.string(),
  source: z.string(),
  seq: z.int().min(0),
  previous: hash.nullable(),
  voids: z.array(z.strictObject({ seq: z.int().min(0), hash })),
  author: z.string().regex(/^[0-9a-f]{32}$/),
  time: z.string(),
  body: z.looseObject({ kind: z.string() }),
})

export type EnvelopeDeps = { readonly vaultId: VaultId; readonly logKey: Uint8Array }

export type Author = { readonly certificateId: string; readonly seed: SigningSeed }

/** The object of an entry, signed and sealed. Another call gives other bytes: the salt is fresh. */
export function formatEntry(
  { vaultId, logKey, random }: EnvelopeDeps & { readonly random: Random },
  entry: Omit<Entry, 'author' | 'body'> & { readonly body: EntryBody },
  author: Author,
): Uint8Array<ArrayBuffer> {
  const said = { vaultId, ...entry, author: author.certificateId }
  const statement = Buffer.from(formatCanonicalJson(said))
  const signature = signBytes(author.seed, toBeSigned(statement))
  const frame = zstdCompressSync(Buffer.concat([signature, statement]), {
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
  })
  const salt = random.bytes(SALT_BYTES)
  const sealed = sealLogged({ logKey, salt, aad: aadOf(vaultId, entry) }, frame)
  return new Uint8Array(Buffer.concat([MAGIC, Buffer.of(VERSION, 0), salt, sealed]))
}

export type ReadEntryDeps = EnvelopeDeps & {
  /** `undefined` when the root key certified no such author. */
  readonly findCertificate: (id: string) => Promise<Certificate | undefined>
}

/** What the object in slot `seq` of a source is. Never throws for what the object holds. */
export async function parseSlot(
  deps: ReadEntryDeps,
  place: { readonly source: string; readonly seq: number },
  bytes: Uint8Array,
): Promise<Slot> {
  const at = { seq: place.seq, hash: hashEntry(bytes) }
  const voided = (problem: string) => ({ ...at, kind: 'void' as const, problem })
  const unsupported = (problem: string) => ({ ...at, kind: 'unsupported' as const, problem })

  if (bytes.byteLength < SALT_END) return voided(`it has only ${bytes.byteLength} bytes`)
  if (!MAGIC.equals(bytes.subarray(0, 4))) return voided('it does not begin as an entry')
  if (bytes[4] !== VERSION || bytes[5] !== 0) {
    return unsupported(`it is of format ${bytes[4]} with flags ${bytes[5]}, known is ${VERSION}`)
  }
  const frame = unseal(deps, place, bytes)
  if (frame === undefined) return voided('it is not authentic')
  const opened = decompress(frame)
  if (opened === undefined) return voided('what it seals is no entry')
  const said = readStatement(opened.statement)
  if (said === undefined) return unsupported('its statement is not in the known form')
  // The seal binds these already; a statement that contradicts its seal was made to mislead.
  const isHere =
    said.vaultId === deps.vaultId && said.source === place.source && said.seq === place.seq
  if (!isHere) return voided('it was made for another place')
  const certificate = await deps.findCertificate(said.author)
  if (certificate === undefined) return voided(`nobody certified its author ${said.author}`)
  const isSigned = certificate.hasSigned(toBeSigned(opened.statement), opened.signature)
  if (!isSigned) return voided('its signature does not fit its author')
  const refusal = judgeAuthor({ kind: said.body.kind, source: said.source }, certificate)
  if (refusal !== undefined) return voided(refusal)
  const body = readBody(said.body)
  if (body === undefined) return unsupported(`its ${said.body.kind} is not in the known form`)
  if (body.kind === 'expire' || body.kind === 'release') {
    const found = await judgeCosigner(
      { vaultId: deps.vaultId, source: said.source },
      body,
      deps.findCertificate,
    )
    if (found !== undefined) return voided(found)
  }
  const { vaultId: _, ...entry } = said
  return { ...at, kind: 'entry', entry: { ...entry, body } }
}

/** By which the next entry names this object. */
export function hashEntry(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function unseal(
  { vaultId, logKey }: EnvelopeDeps,
  place: { readonly source: string; readonly seq: number },
  bytes: Uint8Array,
): Uint8Array | undefined {
  const salt = bytes.subarray(HEADER_BYTES, SALT_END)
  return unsealLogged({ logKey, salt, aad: aadOf(vaultId, place) }, bytes.subarray(SALT_END))
}

function decompress(
  frame: Uint8Array,
): { readonly signature: Uint8Array; readonly statement: Uint8Array } | undefined {
  try {
    const opened = zstdDecompressSync(frame, { maxOutputLength: STATEMENT_BYTES_MAX })
    if (opened.byteLength < SIGNATURE_BYTES) return undefined
    const signature = opened.subarray(0, SIGNATURE_BYTES)
    return { signature, statement: opened.subarray(SIGNATURE_BYTES) }
  } catch {
    // Sealed by a holder of the log key, and no entry all the same: void.
    return undefined
  }
}

function readStatement(bytes: Uint8Array): z.infer<typeof statementSchema> | undefined {
  try {
    return statementSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    // The slot is reported as not understood.
    return undefined
  }
}

function readBody(body: { readonly kind: string }): EntryBody | UnknownBody | undefined {
  const isKnown = KNOWN_KINDS.has(body.kind)
  if (!isKnown) return { kind: 'unknown', unknownKind: body.kind }
  return entryBodySchema.safeParse(body).data
}

const KNOWN_KINDS: ReadonlySet<string> = new Set(
  entryBodySchema.options.flatMap(({ shape }) => [...shape.kind.values]),
)

function toBeSigned(statement: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('holdfast entry 1\n'), statement])
}

function aadOf(vaultId: VaultId, place: { readonly source: string; readonly seq: number }): Buffer {
  return Buffer.from(`holdfast entry ${VERSION} 0\n${vaultId}/${place.source}/${place.seq}`)
}
