import { join } from 'node:path'
import { type Credential, parseCredential } from '#seal/credential'
import { openSlot } from '#seal/slot'
import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { Vault } from './vault.ts'
import { HEADER_NAME, parseHeader, type VaultHeader } from './vault-header.ts'

export type OpenVaultRequest = {
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly clock: Clock
  readonly random: Random
  /**
   * Folder in which the newest heads are remembered, one folder a vault; disposable. `undefined`:
   * nothing is remembered, and a timeline that was shortened is noticed by the vault's own heads only.
   */
  readonly stateDir: string | undefined
  /** Told once, with the folder, that heads cannot be remembered in it; opening and using the vault goes on. */
  readonly onForgotten?: (folder: string, error: unknown) => void
  /** Called, perhaps several times, while another thread makes a key of the passphrase. */
  readonly meanwhile?: () => Promise<unknown>
  readonly signal: AbortSignal
} & (
  | { readonly passphrase: Secret }
  /** The text of a role's credential file. */
  | { readonly keyFile: Secret }
)

/**
 * Opens a vault with a passphrase or a role's credential. Reads `vault.json` and a slot, nothing else.
 * @throws vault.not-found | vault.format-unsupported | vault.not-authentic
 * @throws seal.passphrase-wrong | seal.credential-invalid | vault.slot-missing
 */
export async function openVault(request: OpenVaultRequest): Promise<Vault> {
  const { clock, keyring, random, stateDir, store } = request
  const header = parseHeader(store.label, await readHeader(request))
  const credential = await readCredential(request, header)
  refuseForeign(store, header, credential)
  const [{ OpenedVault }, { createHeadMemory, openHeadMemory }] = await loadRest()
  const folder = stateDir === undefined ? undefined : join(stateDir, header.vaultId)
  const memory =
    folder === undefined
      ? createHeadMemory()
      : openHeadMemory(folder, random, (error) => request.onForgotten?.(folder, error))
  return new OpenedVault({ store, keyring, clock, random, memory, header, credential })
}

/** What an opened vault needs; loading it takes as long as a good part of making a key. */
function loadRest() {
  return Promise.all([import('./opened-vault.ts'), import('#timeline/head-memory')])
}

async function readHeader({ signal, store }: OpenVaultRequest): Promise<string> {
  try {
    return Buffer.from(await store.get(HEADER_NAME, { signal })).toString('utf8')
  } catch (error) {
    const isMissing = isAppError(error, 'store.not-found')
    const isFolderMissing =
      isAppError(error, 'store.unavailable') && error.details['errno'] === 'ENOENT'
    if (!isMissing && !isFolderMissing) throw error
    const found = isMissing ? 'it holds no vault.json' : 'the folder does not exist'
    const message = `Cannot open the vault at "${store.label}": ${found}`
    throw new AppError('vault.not-found', message, { store: store.label }, { cause: error })
  }
}

async function readCredential(request: OpenVaultRequest, header: VaultHeader): Promise<Credential> {
  if ('keyFile' in request) return parseCredential(request.keyFile.reveal())
  const { keyring, meanwhile, passphrase, signal } = request
  const tried = new Set<string>()
  let refusal: unknown
  for (const name of await listSlots(keyring, signal)) {
    const text = Buffer.from(await keyring.get(name, { signal })).toString('utf8')
    // Slots are kept twice; trying a passphrase is meant to be slow, so each is tried once.
    if (tried.has(text)) continue
    tried.add(text)
    try {
      const opening = openSlot({ vaultId: header.vaultId, name, text, passphrase })
      const [credential] = await Promise.all([opening, loadRest(), meanwhile?.()])
      return parseCredential(credential)
    } catch (error) {
      if (!isAppError(error)) throw error
      // One slot may be damaged or somebody else's, and the next one ours.
      if (!isAppError(refusal, 'seal.passphrase-wrong')) refusal = error
    }
  }
  if (refusal !== undefined) throw refusal
  const message = `Cannot open the vault: the keyring at "${keyring.label}" holds no slot`
  throw new AppError('vault.slot-missing', message, { keyring: keyring.label })
}

/** @throws vault.slot-missing when the keyring is not there at all */
async function listSlots(keyring: ObjectStore, signal: AbortSignal): Promise<ObjectName[]> {
  const slots: ObjectName[] = []
  try {
    for await (const { name } of keyring.list('slots/', signal)) {
      // A source may be called "slots" as well; its objects lie one folder deeper.
      if (/^slots\/[0-9a-f]{16}\.json$/.test(name)) slots.push(name)
    }
  } catch (error) {
    const isFolderMissing =
      isAppError(error, 'store.unavailable') && error.details['errno'] === 'ENOENT'
    if (!isFolderMissing) throw error
    const message = `Cannot open the vault: there is no keyring at "${keyring.label}"`
    throw new AppError('vault.slot-missing', message, { keyring: keyring.label }, { cause: error })
  }
  return slots
}

/** Whoever can write the store can put another vault there, but cannot make the credential fit it. */
function refuseForeign(store: ObjectStore, header: VaultHeader, credential: Credential): void {
  const isSameRoot = Buffer.compare(header.rootPublicKey, credential.rootPublicKey) === 0
  if (isSameRoot && header.vaultId === credential.vaultId) return
  const message = `Cannot trust vault.json of "${store.label}": it is not of the vault that the credential is for`
  throw new AppError('vault.not-authentic', message, { object: HEADER_NAME })
}
