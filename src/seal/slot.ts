import { argon2, createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { promisify } from 'node:util'
import * as z from 'zod'
import { AppError, isAppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Random } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import { refuseOtherFormat } from './format-name.ts'
import type { VaultId } from './keys.ts'

/**
 * A slot seals a credential to a passphrase: Argon2id makes a key of it, AES-256-GCM seals. The
 * cost stands in the slot, so that new slots may cost more; it is bounded when read, so that nobody
 * can make opening one endless.
 */

const ZERO_NONCE = new Uint8Array(12)
const TAG_BYTES = 16

export type SlotCost = {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}
export const SLOT_COST: SlotCost = { memoryKib: 19_456, passes: 2, lanes: 1 }

const FORMAT = 'holdfast slot 1'
const formatSchema = z.looseObject({ format: z.string(), check: z.string() })
const credentialSchema = z.looseObject({ format: z.string().startsWith('holdfast credential ') })
const slotSchema = z.strictObject({
  format: z.literal(FORMAT),
  vaultId: z.string().regex(/^[0-9a-f]{32}$/),
  kdf: z.strictObject({
    name: z.literal('argon2id'),
    memoryKib: z.int().min(8).max(1_048_576),
    passes: z.int().min(1).max(16),
    lanes: z.int().min(1).max(8),
    salt: z.string().regex(/^[0-9a-f]{32}$/),
  }),
  /** Of the credential in it, when that is not the first: of two slots the newer counts. */
  epoch: z.int().min(2).optional(),
  sealed: z.string().regex(/^([0-9a-f]{2}){16,}$/),
  /** SHA-256 of the rest: tells a damaged slot from a wrong passphrase. */
  check: z.string().regex(/^[0-9a-f]{64}$/),
})

type Slot = z.infer<typeof slotSchema>
type SlotHeader = Omit<Slot, 'sealed' | 'check'>

export type SealSlotRequest = {
  readonly vaultId: VaultId
  readonly passphrase: Secret
  readonly plaintext: string
  readonly epoch?: number
  readonly cost?: SlotCost
}

/** A slot as it is stored: canonical JSON. */
export async function sealSlot(random: Random, request: SealSlotRequest): Promise<string> {
  const { vaultId, passphrase, plaintext, cost = SLOT_COST, epoch = 1 } = request
  const salt = Buffer.from(random.bytes(16)).toString('hex')
  const header: SlotHeader = {
    format: FORMAT,
    vaultId,
    kdf: { name: 'argon2id', ...cost, salt },
    ...(epoch > 1 && { epoch }),
  }
  // A nonce of zeros: the key is of this slot's own salt and seals nothing else.
  const key = await deriveSlotKey(header, passphrase)
  const cipher = createCipheriv('aes-256-gcm', key, ZERO_NONCE).setAAD(aadOf(header))
  const pieces = [cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]
  const slot = { ...header, sealed: Buffer.concat(pieces).toString('hex') }
  return formatCanonicalJson({ ...slot, check: digestOf(slot) })
}

export type OpenSlotRequest = {
  readonly vaultId: VaultId
  readonly name: string
  readonly text: string
  readonly passphrase: Secret
}

/**
 * What the slot seals.
 * @throws seal.passphrase-wrong when the passphrase does not open it
 * @throws seal.not-authentic when it is no slot, damaged, or another vault's
 * @throws seal.format-unsupported when it is of a later format
 */
export async function openSlot(request: OpenSlotRequest): Promise<string> {
  const { sealed, check: _, ...header } = parseSlot(request)
  const isForeign = header.vaultId !== request.vaultId
  if (isForeign) throw notAuthentic(request.name, 'it belongs to another vault')
  const key = await deriveSlotKey(header, request.passphrase)
  const plaintext = decrypt(key, aadOf(header), Buffer.from(sealed, 'hex'))
  if (plaintext !== undefined) return plaintext
  const message = `Cannot open slot "${request.name}": the passphrase does not fit`
  throw new AppError('seal.passphrase-wrong', message, { name: request.name })
}

function decrypt(key: Uint8Array, aad: Uint8Array, bytes: Uint8Array): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, ZERO_NONCE).setAAD(aad)
  const size = bytes.byteLength - TAG_BYTES
  decipher.setAuthTag(bytes.subarray(size))
  const plaintext = decipher.update(bytes.subarray(0, size))
  try {
    decipher.final()
    return plaintext.toString('utf8')
  } catch {
    // OpenSSL says no more than that the tag differs.
    return undefined
  }
}

/**
 * The slot as it is stored, unopened, of whatever vault.
 * @throws seal.not-authentic | seal.format-unsupported | seal.credential-invalid when it is a role's file
 */
export function parseSlot({ name, text }: { readonly name: string; readonly text: string }): Slot {
  const slot = parseJson(text, name)
  if (!isWhole(slot)) throw notAuthentic(name, 'its bytes are damaged')
  return slot
}

function isWhole({ check, ...rest }: { readonly check: string }): boolean {
  return digestOf(rest) === check
}

function parseJson(text: string, name: string): Slot {
  try {
    const json: unknown = JSON.parse(text)
    refuseCredential(name, json)
    const { data } = formatSchema.safeParse(json)
    // In every format `check` says whether the slot is whole.
    if (data !== undefined && isWhole(data)) {
      refuseOtherFormat({ what: `slot "${name}"`, known: FORMAT }, data.format)
    }
    return slotSchema.parse(json)
  } catch (cause) {
    const isSaid =
      isAppError(cause, 'seal.format-unsupported') || isAppError(cause, 'seal.credential-invalid')
    if (isSaid) throw cause
    throw notAuthentic(name, 'it is not in the form of a slot', cause)
  }
}

/** A role's file opens by itself; it is easily named in the place of the slot beside it. */
function refuseCredential(name: string, json: unknown): void {
  const { data } = credentialSchema.safeParse(json)
  if (data === undefined) return
  const message = `Cannot open "${name}" as a slot: it is a credential file, which needs no passphrase and which HOLDFAST_KEY_FILE names`
  throw new AppError('seal.credential-invalid', message)
}

async function deriveSlotKey({ kdf }: SlotHeader, passphrase: Secret): Promise<Uint8Array> {
  return await promisify(argon2)('argon2id', {
    message: Buffer.from(passphrase.reveal().normalize('NFC')),
    nonce: Buffer.from(kdf.salt, 'hex'),
    parallelism: kdf.lanes,
    tagLength: 32,
    memory: kdf.memoryKib,
    passes: kdf.passes,
  })
}

function digestOf(slot: object): string {
  return createHash('sha256').update(formatCanonicalJson(slot)).digest('hex')
}

function aadOf(header: SlotHeader): Buffer {
  return Buffer.from(formatCanonicalJson(header))
}

function notAuthentic(name: string, found: string, cause?: unknown): AppError {
  const message = `Cannot open slot "${name}": ${found}`
  return new AppError('seal.not-authentic', message, { name }, { cause })
}
