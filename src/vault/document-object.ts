import { createHash, createHmac } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { commitToKeys, openKeyring, sealKeyring } from '#seal/keyring'
import type { Openers, SealingPublicKey, VaultId } from '#seal/keys'
import { type SectionPlace, sealSection, unsealSection } from '#seal/seal-section'
import { AppError, isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import type { DocumentBody } from '#timeline/entry'

/**
 * A document's text as an object of its own, sealed to the read key, so that entries hold no text; or
 * a part of a pre-image, whose text is bytes.
 *
 * Its name ends in an HMAC of name and text under the log key: whoever may read the log can see that
 * a document did not change without being able to read it.
 */

export type DocumentDeps = {
  readonly vaultId: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
}

export type WriteDocumentDeps = DocumentDeps & {
  readonly random: Random
  readonly logKey: Uint8Array
  /** The read keys of the vault. */
  readonly readers: readonly SealingPublicKey[]
}

/** A document; `session` and `index` where several are written in one session. */
type DocumentToWrite = {
  readonly name: string
  readonly text: string | Uint8Array
  readonly session?: string
  readonly index?: number
}

const TEXT_BYTES_MAX = 64 * 1024 * 1024
const MAC_BYTES = 16

/** Stores the text, durable but not yet part of the vault: the body says so once it is committed. */
export async function writeDocument(
  deps: WriteDocumentDeps,
  { index = 0, name: document, session = makeSession(deps.random), text }: DocumentToWrite,
  signal: AbortSignal,
): Promise<DocumentBody> {
  const { keyring, random, readers, store, vaultId } = deps
  const mac = formatDocumentMac(deps.logKey, document, text)
  const name = parseObjectName(`segments/_vault/${session}/${mac}.document`)
  const keyringName = parseObjectName(`_vault/${session}/${index}`)
  const key = random.bytes(32)
  const sealed = sealSection(key, placeOf(vaultId, name), zstdCompressSync(text))
  const keyringBytes = await sealKeyring({
    vaultId,
    name: keyringName,
    keys: { keys: [], rows: [], blobs: [key] },
    recipients: { read: readers, capture: [] },
  })
  await store.put(name, sealed, signal)
  await keyring.put(keyringName, keyringBytes, signal)
  const object = {
    name,
    sizeBytes: sealed.byteLength,
    sha256: sha256(sealed),
    commitment: commitToKeys(name, [key]),
  }
  const keyringObject = { sizeBytes: keyringBytes.byteLength, sha256: sha256(keyringBytes) }
  return { kind: 'document', document, object, keyring: keyringName, keyringObject }
}

/** A name that nobody has used, for the folder of what is written next. */
export function makeSession(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}

/** Whether the document's text is this one; needs no read key. */
export function isDocumentText(logKey: Uint8Array, body: DocumentBody, text: string): boolean {
  const mac = formatDocumentMac(logKey, body.document, text)
  return body.object.name.endsWith(`/${mac}.document`)
}

/** @throws vault.document-damaged naming the object that is not as committed */
export async function readDocumentBytes(
  deps: DocumentDeps & { readonly openers: Openers },
  body: DocumentBody,
  signal: AbortSignal,
): Promise<Buffer> {
  const { object } = body
  try {
    const sealed = await deps.store.get(object.name, { signal })
    if (sha256(sealed) !== object.sha256) throw damaged(body, 'its bytes are not those committed')
    const keyringName = parseObjectName(body.keyring)
    const stated = { name: keyringName, bytes: body.keyringObject }
    const bytes = await deps.keyring.get(keyringName, { stated, signal })
    const { openers, vaultId } = deps
    const opened = await openKeyring({ vaultId, name: keyringName, bytes, openers })
    if (opened.blobs === undefined) {
      throw damaged(
        body,
        'its key does not open with this credential: it is damaged, or for others',
      )
    }
    const [key] = opened.blobs
    if (key === undefined || commitToKeys(object.name, [key]) !== object.commitment) {
      throw damaged(body, 'its key is not the one committed')
    }
    const frame = unsealSection(key, placeOf(vaultId, object.name), sealed)
    return zstdDecompressSync(frame, { maxOutputLength: TEXT_BYTES_MAX })
  } catch (error) {
    const isLost = isAppError(error, 'store.not-found') || isAppError(error, 'seal.not-authentic')
    if (!isLost) throw error
    throw damaged(body, 'an object of it is missing or altered', error)
  }
}

function placeOf(vaultId: VaultId, segment: string): SectionPlace {
  return { vaultId, segment, part: 'blobs', block: 0, section: 0 }
}

function formatDocumentMac(
  logKey: Uint8Array,
  document: string,
  text: string | Uint8Array,
): string {
  const mac = createHmac('sha256', logKey)
  mac.update(`holdfast document 1\n${document.length}:${document}`).update(text)
  return mac.digest().subarray(0, MAC_BYTES).toString('hex')
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged({ document, object }: DocumentBody, found: string, cause?: unknown): AppError {
  const message = `Cannot read document "${document}" from "${object.name}": ${found}`
  return new AppError('vault.document-damaged', message, { object: object.name }, { cause })
}
