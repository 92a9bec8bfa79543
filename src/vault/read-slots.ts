import { parseCertificate } from '#seal/certificate'
import type { Credential } from '#seal/credential'
import type { VaultId } from '#seal/keys'
import { parseSlot } from '#seal/slot'
import { AppError, isAppError } from '#stdx/app-error'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { VaultHeader } from './vault-header.ts'

/** A slot as it is stored, with every name that it is kept under. */
export type StoredSlot = {
  readonly names: readonly ObjectName[]
  readonly text: string
  /** Of the keys in it; 0 when it is damaged. */
  readonly epoch: number
  /** Whether it is certainly another vault's: an `init` that was interrupted leaves such. */
  readonly isForeign: boolean
}

/**
 * The slots of a vault, those of the newest keys first; a damaged one comes last.
 * @throws vault.slot-missing when the keyring is not there at all
 */
export async function readSlots(
  keyring: ObjectStore,
  vaultId: VaultId,
  signal: AbortSignal,
): Promise<StoredSlot[]> {
  const names = new Map<string, ObjectName[]>()
  for (const name of await listSlots(keyring, signal)) {
    const text = Buffer.from(await keyring.get(name, { signal })).toString('utf8')
    // Slots are kept twice; trying a passphrase is meant to be slow, so each is tried once.
    names.set(text, [...(names.get(text) ?? []), name])
  }
  return [...names]
    .map(([text, at]) => ({ names: at, text, ...describe({ name: at[0] ?? '', text }, vaultId) }))
    .sort((a, b) => b.epoch - a.epoch)
}

function describe(
  slot: { readonly name: string; readonly text: string },
  vaultId: VaultId,
): Pick<StoredSlot, 'epoch' | 'isForeign'> {
  try {
    const { epoch = 1, vaultId: of } = parseSlot(slot)
    return { epoch, isForeign: of !== vaultId }
  } catch {
    // Whoever tries to open it says what is wrong with it.
    return { epoch: 0, isForeign: false }
  }
}

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

/** Why no slot is there: the keys were split, or the slots are lost. */
export async function noSlot(
  { keyring, store }: { readonly store: ObjectStore; readonly keyring: ObjectStore },
  header: VaultHeader,
  signal: AbortSignal,
): Promise<AppError> {
  if (await wasSplit(store, header, signal)) {
    const message = `Cannot open the vault at "${store.label}" with a passphrase: its keys were split, wanted a credential file (HOLDFAST_KEY_FILE), or the recovery slot (--slot) with its passphrase`
    return new AppError('vault.keys-split', message, { store: store.label })
  }
  const message = `Cannot open the vault: the keyring at "${keyring.label}" holds no slot`
  return new AppError('vault.slot-missing', message, { keyring: keyring.label })
}

/** The root certified keys of a later epoch. */
async function wasSplit(
  store: ObjectStore,
  header: VaultHeader,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { name } of store.list('roles/', signal)) {
    if (!/^roles\/[0-9a-f]{32}\.json$/.test(name)) continue
    try {
      const text = Buffer.from(await store.get(name, { signal })).toString('utf8')
      if (parseCertificate(header, name, text).epoch > 1) return true
    } catch (error) {
      if (!isAppError(error, 'seal.certificate-invalid')) throw error
    }
  }
  return false
}

/** Whoever can write the store can put another vault there, but cannot make the credential fit it. */
export function refuseForeign(
  store: ObjectStore,
  header: VaultHeader,
  credential: Credential,
): void {
  const isSameRoot = Buffer.compare(header.rootPublicKey, credential.rootPublicKey) === 0
  if (isSameRoot && header.vaultId === credential.vaultId) return
  const message = `Cannot trust vault.json of "${store.label}": it is not of the vault that the credential is for`
  throw new AppError('vault.not-authentic', message, { object: 'vault.json' })
}
