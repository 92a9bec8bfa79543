import { publicKeyOf } from '#seal/sealing-pair'
import type { Random } from '#stdx/random'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { PlacedSegment, SegmentReadDeps, SegmentWriteDeps } from './segment.ts'

/**
 * Segments of one process, beside those of a vault. Their key is in memory only: what a killed process
 * leaves of them opens for nobody.
 */
export type TemporarySegments = {
  /** Random: the folder of their objects. */
  readonly session: string
  readonly write: SegmentWriteDeps
  /** Reads those of the vault, and these. */
  readonly read: SegmentReadDeps
  /** Whether it is one of these. */
  has(placed: PlacedSegment): boolean
}

/** @param deps.store where they lie; whoever made it removes it */
export function openTemporarySegments(
  { random, store }: { readonly random: Random; readonly store: ObjectStore },
  vault: SegmentReadDeps,
): TemporarySegments {
  const session = `t${Buffer.from(random.bytes(16)).toString('hex')}`
  const privateKey = random.bytes(32)
  const recipients = { read: [publicKeyOf(privateKey)], capture: [] }
  const { openers, vaultId } = vault
  const isOwn = (name: ObjectName) => name.split('/').includes(session)
  return {
    session,
    write: { vaultId, store, keyring: store, random, recipients },
    read: {
      vaultId,
      store: besides(vault.store, store, isOwn),
      keyring: besides(vault.keyring, store, isOwn),
      openers: { ...openers, past: [...(openers.past ?? []), privateKey] },
    },
    has: ({ ref }) => isOwn(ref.keyring),
  }
}

function besides(
  store: ObjectStore,
  own: ObjectStore,
  isOwn: (name: ObjectName) => boolean,
): ObjectStore {
  const storeOf = (name: ObjectName) => (isOwn(name) ? own : store)
  return {
    ...store,
    get: (name, options) => storeOf(name).get(name, options),
    stat: (name, signal) => storeOf(name).stat(name, signal),
  }
}
