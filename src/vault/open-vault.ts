import { join } from 'node:path'
import { type Credential, parseCredential } from '#seal/credential'
import { openSlot } from '#seal/slot'
import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import type { OpenedVault } from './opened-vault.ts'
import { noSlot, readSlots, refuseForeign } from './read-slots.ts'
import type { Vault } from './vault.ts'
import { HEADER_NAME, parseHeader, type VaultHeader } from './vault-header.ts'

const INDEX_BYTES_MAX = 4_294_967_296

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
  /** Most that an index in that folder may take, bytes; 0: none is made. */
  readonly indexBytesMax?: number
  /** Told once, with the folder, that heads cannot be remembered in it; opening and using the vault goes on. */
  readonly onForgotten?: (folder: string, error: unknown) => void
  /** Called, perhaps several times, while another thread makes a key of the passphrase. */
  readonly meanwhile?: () => Promise<unknown>
  readonly signal: AbortSignal
} /** `slot`: the one that it opens, kept outside the vault; absent: those of the vault. */ & (
  | {
      readonly passphrase: Secret
      readonly slot?: { readonly name: string; readonly text: Secret } | undefined
    }
  /** The text of a role's credential file. */
  | { readonly keyFile: Secret }
)

/**
 * Opens a vault with a passphrase or a role's credential. Reads `vault.json` and a slot, nothing else.
 * @throws vault.not-found | vault.format-unsupported | vault.not-authentic
 * @throws seal.passphrase-wrong | seal.credential-invalid | vault.slot-missing | vault.keys-split
 */
export async function openVault(request: OpenVaultRequest): Promise<Vault> {
  return (await openWithCredential(request)).vault
}

/** The same with what opened it, for whoever changes keys. */
export async function openWithCredential(request: OpenVaultRequest): Promise<OpenedKeys> {
  const header = parseHeader(request.store.label, await readHeader(request))
  const { credential, slot } = await readCredential(request, header)
  return { header, credential, slot, vault: await openOpened(request, header, credential) }
}

/** The vault of this file with this credential. */
export async function openOpened(
  request: OpenVaultRequest,
  header: VaultHeader,
  credential: Credential,
): Promise<OpenedVault> {
  const { clock, keyring, random, stateDir, store } = request
  refuseForeign(store, header, credential)
  const [{ OpenedVault }, { createHeadMemory, openHeadMemory }, { openTimelineMemory }] =
    await loadRest()
  const folder = stateDir === undefined ? undefined : join(stateDir, header.vaultId)
  const memory =
    folder === undefined
      ? createHeadMemory()
      : openHeadMemory(folder, random, (error) => request.onForgotten?.(folder, error))
  const deps = { store, keyring, clock, random, memory, header, credential }
  if (folder === undefined) return new OpenedVault(deps)
  const log = { vaultId: header.vaultId, logKey: credential.logKey, random }
  const index = {
    folder: join(folder, 'index'),
    bytesMax: request.indexBytesMax ?? INDEX_BYTES_MAX,
  }
  return new OpenedVault({ ...deps, index, kept: openTimelineMemory(folder, log) })
}

export type OpenedKeys = {
  readonly header: VaultHeader
  readonly credential: Credential
  /** Text of the slot that the passphrase opened. */
  readonly slot: string | undefined
  readonly vault: OpenedVault
}

/** What an opened vault needs; loading it takes as long as a good part of making a key. */
function loadRest() {
  return Promise.all([
    import('./opened-vault.ts'),
    import('#timeline/head-memory'),
    import('#timeline/timeline-memory'),
  ])
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

async function readCredential(
  request: OpenVaultRequest,
  header: VaultHeader,
): Promise<{ readonly credential: Credential; readonly slot: string | undefined }> {
  if ('keyFile' in request) {
    return { credential: parseCredential(request.keyFile.reveal()), slot: undefined }
  }
  const { keyring, meanwhile, passphrase, signal, slot } = request
  const slots =
    slot === undefined
      ? await readSlots(keyring, header.vaultId, signal)
      : [{ names: [slot.name], text: slot.text.reveal() }]
  let refusal: unknown
  for (const { names, text } of slots) {
    const [name = ''] = names
    try {
      const opening = openSlot({ vaultId: header.vaultId, name, text, passphrase })
      const [credential] = await Promise.all([opening, loadRest(), meanwhile?.()])
      return { credential: parseCredential(credential), slot: text }
    } catch (error) {
      if (!isAppError(error)) throw error
      // One slot may be damaged or somebody else's, and the next one ours.
      if (!isAppError(refusal, 'seal.passphrase-wrong')) refusal = error
    }
  }
  throw refusal ?? (await noSlot(request, header, signal))
}
