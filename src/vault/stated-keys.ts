import type { StoredBytes } from '#segment/segment'
import { isAppError } from '#stdx/app-error'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts, type Resealed } from '#timeline/fold-facts'
import { listEpochs } from './epoch-keyring.ts'
import { getIfAny, isStored, readKeyringList } from './keyring-list.ts'
import type { Vault } from './vault.ts'

/**
 * What the signed log says the objects of the keyring are. Sealing to a public key proves nobody, so
 * this alone tells an object that was put there by right from one that is in its form.
 */
export type StatedKeys = {
  /** By the name that entries have: what was sealed anew, the newest word on it. */
  readonly anew: ReadonlyMap<string, StoredBytes>
  /** Whether all that was said could be read; else an object that differs may be one sealed anew. */
  readonly isWhole: boolean
}

/** A keyring object as an entry names it, and where it lies since it was repaired. */
export type KeyringRef = {
  readonly name: ObjectName
  readonly at: ObjectName
  readonly first: StoredBytes
}

/** Reads every list. Holds a name and a hash for each object that was sealed anew. */
export async function readStatedKeys(
  vault: Pick<Vault, 'readChain' | 'store'>,
  signal: AbortSignal,
): Promise<StatedKeys> {
  const chain = await readChainIfAny(vault, signal)
  if (chain === undefined) return { anew: new Map(), isWhole: false }
  return await readStatedIn(vault.store, chain, signal)
}

/** `undefined` when it cannot be read at all: whoever checks it says why. */
async function readChainIfAny(
  vault: Pick<Vault, 'readChain'>,
  signal: AbortSignal,
): Promise<Chain | undefined> {
  try {
    return await vault.readChain(VAULT_TIMELINE, signal)
  } catch (error) {
    const isOfStore = isAppError(error, 'store.unavailable') || isAppError(error, 'store.denied')
    if (!isAppError(error) || isOfStore) throw error
    return undefined
  }
}

/** The same as the timeline of the vault was when it was read. */
export async function readStatedIn(
  store: ObjectStore,
  chain: Chain,
  signal: AbortSignal,
): Promise<StatedKeys> {
  const isSound = chain.damagedFrom === null && chain.rolledBack === null
  const stated = await readLists(store, foldFacts(chain).resealed, signal)
  return { ...stated, isWhole: stated.isWhole && isSound }
}

/** What these lists say, the later ones after the earlier. */
export async function readLists(
  store: ObjectStore,
  resealed: readonly Resealed[],
  signal: AbortSignal,
): Promise<StatedKeys> {
  let isWhole = true
  const anew = new Map<string, StoredBytes>()
  for (const { dead, epoch, list } of resealed) {
    try {
      for (const [name, bytes] of await readKeyringList(store, list, signal)) {
        if (!dead.has(`${name}.${epoch}`)) anew.set(name, bytes)
      }
    } catch (error) {
      if (!isAppError(error, 'vault.object-damaged')) throw error
      isWhole = false
    }
  }
  return { anew, isWhole }
}

/** What the object must be. */
export function statedBytes({ anew }: StatedKeys, { at, first, name }: KeyringRef): StoredBytes {
  return anew.get(at) ?? anew.get(name) ?? first
}

/** An object of the keyring under the name at which it lies. */
export type FoundKeys = { readonly name: ObjectName; readonly bytes: Uint8Array }

/**
 * The object that was stated, whatever others lie there for other epochs; `undefined` when none of
 * them is it.
 * @param stored the keyring as it lies, every epoch under its own name
 */
export async function findStated(
  stored: ObjectStore,
  stated: StatedKeys,
  ref: KeyringRef,
  signal: AbortSignal,
): Promise<FoundKeys | undefined> {
  const wanted = statedBytes(stated, ref)
  for (const { name } of await listEpochs(stored, ref.at, signal)) {
    const bytes = await getIfAny(stored, name, { signal })
    if (bytes !== undefined && isStored(wanted, bytes)) return { name, bytes }
  }
  return undefined
}
