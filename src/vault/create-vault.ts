import { createCredential, formatCredential } from '#seal/credential'
import type { VaultId } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { type SlotCost, sealSlot } from '#seal/slot'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import { probeStore } from '#store/probe-store'
import { createHeadMemory } from '#timeline/head-memory'
import { openWithCredential } from './open-vault.ts'
import { OpenedVault } from './opened-vault.ts'
import { formatHeader, HEADER_NAME } from './vault-header.ts'

export type CreateVaultRequest = {
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly random: Random
  readonly clock: Clock
  readonly passphrase: Secret
  /** Of the passphrase's slot; tests make it cheap. */
  readonly cost?: SlotCost
  readonly signal: AbortSignal
}

/** A slot that rots takes the whole vault with it, so there are two. */
const SLOT_COPIES = 2

/**
 * Creates a vault whose roles are all in one hand, behind one passphrase.
 *
 * Both stores are proven to keep their promises first. The slot is durable before `vault.json`
 * makes the vault exist; what follows it can be made again by whoever opens it, so an interruption
 * leaves no vault, or one that opens, and the same call with the same passphrase finishes.
 * @throws vault.exists when there is one, or what is left of one
 * @throws store.not-conditional when a store is not fit
 */
export async function createVault(request: CreateVaultRequest): Promise<{ readonly id: VaultId }> {
  const { clock, keyring, passphrase, random, signal, store } = request
  if (passphrase.reveal() === '') {
    throw new AppError('vault.passphrase-empty', 'Cannot create a vault: the passphrase is empty')
  }
  const begun = await openBegun(request)
  if (begun !== undefined) {
    await begun.complete(signal)
    return { id: begun.id }
  }
  await probeStore(store, random, { folder: 'roles', signal })
  await probeStore(keyring, random, { folder: 'slots', signal })

  const vaultId = makeVaultId(random)
  const credential = createCredential(random, vaultId)
  const { read, rootPublicKey, signing } = credential
  assert(read !== undefined && signing.root !== undefined, 'A new credential holds every key.')
  const plaintext = formatCredential(credential)
  const cost = request.cost === undefined ? {} : { cost: request.cost }
  const slot = await sealSlot(random, { vaultId, passphrase, plaintext, ...cost })
  for (let copy = 0; copy < SLOT_COPIES; copy++) {
    const name = parseObjectName(`slots/${toHex(random.bytes(8))}.json`)
    await keyring.put(name, Buffer.from(slot), signal)
  }

  const header = { vaultId, rootPublicKey, readPublicKey: publicKeyOf(read) }
  const text = formatHeader(signing.root, header)
  const result = await store.put(HEADER_NAME, Buffer.from(text), signal)
  if (result === 'already-present') throw exists(store)

  const memory = createHeadMemory()
  const vault = new OpenedVault({ store, keyring, clock, random, memory, header, credential })
  await vault.complete(signal)
  return { id: vaultId }
}

/** What an interrupted call left: `vault.json` with slots, and nothing that was ever committed. */
async function openBegun(request: CreateVaultRequest): Promise<OpenedVault | undefined> {
  const { keyring, signal, store } = request
  // A vault that lost its file is still one.
  for (const prefix of ['timelines/', 'segments/']) {
    for await (const _ of store.list(prefix, signal)) throw exists(store)
  }
  if ((await store.stat(HEADER_NAME, signal)) === undefined) return undefined
  for await (const { name } of keyring.list('', signal)) {
    if (!name.startsWith('slots/')) throw exists(store)
  }
  try {
    return (await openWithCredential({ ...request, stateDir: undefined })).vault
  } catch (error) {
    if (isAppError(error, 'store.unavailable')) throw error
    throw exists(store, error)
  }
}

function makeVaultId(random: Random): VaultId {
  // The one place where a vault's id comes from.
  return toHex(random.bytes(16)) as VaultId
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function exists(store: ObjectStore, cause?: unknown): AppError {
  const message = `Cannot create a vault at "${store.label}": there is one already`
  return new AppError('vault.exists', message, { store: store.label }, { cause })
}
