import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
} from 'node:crypto'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import type { OpenedKeys, Part, SegmentKeys } from './data-keys.ts'
import { HPKE_ENC_BYTES, openHpke, sealHpke } from './hpke.ts'
import type { Openers, Recipients, SealingPrivateKey, SealingPublicKey, VaultId } from './keys.ts'
import { importPrivateKey, publicKeyOf, sealingKeyId } from './sealing-pair.ts'

/**
 * The data keys of one segment as one object: each part has a wrapping key of its own, sealed to
 * the part's recipients, and one record per block under that wrapping key. A record may be
 * overwritten with zeros by somebody who can read none of them: that destroys one block's key.
 *
 * ```
 * magic     4  "HFKR"
 * version   1  1
 * flags     1  0
 * parts     1  3: keys, rows, blobs, in this order
 * then per part
 *   part        1  0 keys, 1 rows, 2 blobs
 *   recipients  1  0 when the part has no blocks
 *   blocks      4  big-endian
 *   per recipient
 *     key id    8  first bytes of SHA-256 of the recipient's public key
 *     enc      32  HPKE's encapsulated key
 *     sealed   48  the wrapping key, sealed
 *   per block
 *     record   48  the data key, AES-256-GCM, nonce = block number in 12 bytes; zeros: destroyed
 * ```
 */

type KeyringPlace = { readonly vaultId: VaultId; readonly name: string }
export type SealKeyringRequest = KeyringPlace & {
  readonly keys: SegmentKeys
  readonly recipients: Recipients
}
export type OpenKeyringRequest = KeyringPlace & {
  readonly bytes: Uint8Array
  readonly openers: Openers
}

const PARTS: readonly Part[] = ['keys', 'rows', 'blobs']
const MAGIC = 'HFKR'
const VERSION = 1
const HEADER_BYTES = 7
const PART_HEADER_BYTES = 6
const KEY_ID_BYTES = 8
const DATA_KEY_BYTES = 32
const RECORD_BYTES = 48
const RECIPIENT_BYTES = KEY_ID_BYTES + HPKE_ENC_BYTES + RECORD_BYTES

/**
 * Seals the data keys: rows and blobs to `read`, keys to `read` and `capture`. An empty key is one
 * that was destroyed, and stays so.
 */
export async function sealKeyring(request: SealKeyringRequest): Promise<Uint8Array<ArrayBuffer>> {
  const header = Buffer.from([...Buffer.from(MAGIC), VERSION, 0, PARTS.length])
  const parts = await Promise.all(PARTS.map((part) => sealPart(request, part)))
  return new Uint8Array(Buffer.concat([header, ...parts.flat()]))
}

/**
 * The data keys that `openers` can open; a part they cannot open is absent. A destroyed key is an
 * empty array in its place.
 * @throws seal.not-authentic when the bytes are not those that were sealed under this name
 * @throws seal.format-unsupported when they are of another format
 */
export async function openKeyring(request: OpenKeyringRequest): Promise<OpenedKeys> {
  const { bytes } = request
  checkHeader(request)
  const pairs = pairsOf(request.openers)
  const opened: Partial<Record<Part, readonly Uint8Array[]>> = {}
  let at = HEADER_BYTES
  for (const part of PARTS) {
    const layout = readPartLayout(request, part, at)
    const keys = openPart({ ...request, pairs }, part, layout)
    if (keys !== undefined) opened[part] = keys
    at = layout.end
  }
  if (at !== bytes.byteLength) throw notAuthentic(request, 'bytes follow after its last record')
  return opened
}

/**
 * What an entry says of an object's data keys: SHA-256 of the object's name and its keys in order,
 * 64 hex digits. The keys are random, so it tells nothing of them, and nobody finds others to match.
 */
export function commitToKeys(object: string, keys: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  hash.update(`holdfast keys 1\n${object.length}:${object}${keys.length}\n`)
  for (const key of keys) hash.update(Uint8Array.of(key.byteLength)).update(key)
  return hash.digest('hex')
}

async function sealPart(request: SealKeyringRequest, part: Part): Promise<Uint8Array[]> {
  const keys = request.keys[part]
  const header = Buffer.alloc(PART_HEADER_BYTES)
  header.writeUInt8(PARTS.indexOf(part), 0)
  header.writeUInt32BE(keys.length, 2)
  if (keys.length === 0) return [header]
  const publicKeys = recipientsOf(request.recipients, part)
  assert(publicKeys.length > 0 && publicKeys.length < 256, 'A part has 1 to 255 recipients.')
  header.writeUInt8(publicKeys.length, 1)
  const wrappingKey = systemRandom.bytes(DATA_KEY_BYTES)
  const aad = formatPlace(request, part, keys.length)
  const sealed = await Promise.all(
    publicKeys.map(async (publicKey) => {
      const { enc, sealed } = await sealHpke({ publicKey, aad, plaintext: wrappingKey })
      return Buffer.concat([sealingKeyId(publicKey), enc, sealed])
    }),
  )
  const wrapping = createSecretKey(wrappingKey)
  const records = keys.map((key, block) => sealRecord(wrapping, aad, key, block))
  wrappingKey.fill(0)
  return [header, ...sealed, ...records]
}

function recipientsOf(recipients: Recipients, part: Part): SealingPublicKey[] {
  return part === 'keys' ? [...recipients.read, ...recipients.capture] : [...recipients.read]
}

function sealRecord(
  wrappingKey: KeyObject,
  aad: Uint8Array,
  key: Uint8Array,
  block: number,
): Uint8Array {
  if (key.byteLength === 0) return Buffer.alloc(RECORD_BYTES)
  assert(key.byteLength === DATA_KEY_BYTES, 'A data key has 32 bytes.')
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonceOf(block)).setAAD(aad)
  return Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

function checkHeader(request: OpenKeyringRequest): void {
  const { bytes, name } = request
  if (bytes.byteLength < HEADER_BYTES) {
    throw notAuthentic(request, `it has ${bytes.byteLength} bytes, fewer than its header`)
  }
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  if (magic !== MAGIC) throw notAuthentic(request, 'it does not begin as a keyring object')
  if (bytes[4] === VERSION && bytes[5] === 0 && bytes[6] === PARTS.length) return
  throw new AppError(
    'seal.format-unsupported',
    `Cannot open keyring object "${name}": found version ${bytes[4]} with flags ${bytes[5]} and ${bytes[6]} parts, know version ${VERSION} without flags`,
    { name },
  )
}

type PartLayout = {
  readonly recipientCount: number
  readonly blockCount: number
  readonly recipientsAt: number
  readonly recordsAt: number
  readonly end: number
}

function readPartLayout(request: OpenKeyringRequest, part: Part, at: number): PartLayout {
  const { bytes } = request
  const recipientsAt = at + PART_HEADER_BYTES
  if (recipientsAt > bytes.byteLength) throw notAuthentic(request, 'it is cut short')
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PART_HEADER_BYTES)
  if (view.getUint8(0) !== PARTS.indexOf(part))
    throw notAuthentic(request, 'its parts are mixed up')
  const recipientCount = view.getUint8(1)
  const blockCount = view.getUint32(2)
  const recordsAt = recipientsAt + recipientCount * RECIPIENT_BYTES
  const end = recordsAt + blockCount * RECORD_BYTES
  if (end > bytes.byteLength) throw notAuthentic(request, 'it is cut short')
  return { recipientCount, blockCount, recipientsAt, recordsAt, end }
}

/** An opener's key with what names it among the recipients. */
type OpenerPair = {
  readonly privateKey: KeyObject
  readonly publicKey: SealingPublicKey
  readonly keyId: Uint8Array
}

/** Of the keys that a process holds: finding a public key takes as long as opening something with it. */
const knownPairs = new WeakMap<SealingPrivateKey, OpenerPair>()

type OpenPartRequest = OpenKeyringRequest & { readonly pairs: readonly OpenerPair[] }

function pairsOf({ capture, past = [], read }: Openers): OpenerPair[] {
  return [read, capture, ...past].flatMap((privateKey) => {
    return privateKey === undefined ? [] : [pairOf(privateKey)]
  })
}

function pairOf(privateKey: SealingPrivateKey): OpenerPair {
  const known = knownPairs.get(privateKey)
  if (known !== undefined) return known
  const publicKey = publicKeyOf(privateKey)
  const keyId = sealingKeyId(publicKey)
  const pair = { privateKey: importPrivateKey(privateKey), publicKey, keyId }
  knownPairs.set(privateKey, pair)
  return pair
}

function openPart(
  request: OpenPartRequest,
  part: Part,
  layout: PartLayout,
): Uint8Array[] | undefined {
  const { blockCount, recordsAt } = layout
  if (blockCount === 0) return []
  const aad = formatPlace(request, part, blockCount)
  const wrappingKey = openWrappingKey(request, layout, aad)
  if (wrappingKey === undefined) return undefined
  const wrapping = createSecretKey(wrappingKey)
  const keys = Array.from({ length: blockCount }, (_, block) => {
    const at = recordsAt + block * RECORD_BYTES
    const record = request.bytes.subarray(at, at + RECORD_BYTES)
    const key = openRecord(wrapping, aad, record, block)
    if (key === undefined) throw notAuthentic(request, `record ${block} of ${part} does not open`)
    return key
  })
  wrappingKey.fill(0)
  return keys
}

/** `undefined` when none of the openers is a recipient. */
function openWrappingKey(
  request: OpenPartRequest,
  layout: PartLayout,
  aad: Uint8Array,
): Uint8Array | undefined {
  const { bytes, pairs } = request
  for (let i = 0; i < layout.recipientCount; i++) {
    const at = layout.recipientsAt + i * RECIPIENT_BYTES
    const keyId = bytes.subarray(at, at + KEY_ID_BYTES)
    const pair = pairs.find((one) => Buffer.compare(one.keyId, keyId) === 0)
    if (pair === undefined) continue
    const enc = bytes.subarray(at + KEY_ID_BYTES, at + KEY_ID_BYTES + HPKE_ENC_BYTES)
    const sealed = bytes.subarray(at + KEY_ID_BYTES + HPKE_ENC_BYTES, at + RECIPIENT_BYTES)
    const opened = openHpke({ ...pair, enc, aad, sealed })
    if (opened === undefined) throw notAuthentic(request, 'its wrapping key does not open')
    return opened
  }
  return undefined
}

function openRecord(
  wrappingKey: KeyObject,
  aad: Uint8Array,
  record: Uint8Array,
  block: number,
): Uint8Array | undefined {
  if (record.every((byte) => byte === 0)) return new Uint8Array(0)
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, nonceOf(block)).setAAD(aad)
  decipher.setAuthTag(record.subarray(DATA_KEY_BYTES))
  const key = new Uint8Array(decipher.update(record.subarray(0, DATA_KEY_BYTES)))
  try {
    decipher.final()
    return key
  } catch {
    // The caller names the object and the record.
    return undefined
  }
}

function nonceOf(block: number): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(block, 8)
  return nonce
}

function formatPlace({ vaultId, name }: KeyringPlace, part: Part, blockCount: number): Buffer {
  const text = `${vaultId.length}:${vaultId}${name.length}:${name}${part}/${blockCount}`
  return Buffer.from(`holdfast keyring 1\n${text}`)
}

function notAuthentic({ name }: KeyringPlace, found: string): AppError {
  return new AppError('seal.not-authentic', `Cannot open keyring object "${name}": ${found}`, {
    name,
  })
}
