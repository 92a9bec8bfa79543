import { createMemoryStore } from '#store/testing/memory-store'
import { checkVault } from '../check-vault.ts'
import { replicateVault } from '../replicate-vault.ts'
import type { Vault } from '../vault.ts'
import { aRealCapture } from './a-real-capture.ts'
import { aVault, signal } from './a-vault.ts'

export const onProgress = () => {}

/** A vault with one point of `erp`, and a place for its replica. */
export async function aReplicatedVault() {
  const inHand = await aVault()
  const { vault } = inHand
  const there = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const capture = async (base?: number, source = 'erp') => {
    const state = await vault.readTimeline(source, signal)
    const at = base === undefined ? {} : { base }
    const body = await aRealCapture(vault, source, { ...at, text: `${state.headSeq}\ta\t\\N\n` })
    return (await vault.append(state, body, signal)).seq
  }
  /** With the custodian's credential: no key to any row. */
  const replicate = async () => {
    const custodian = await inHand.openAs('custodian')
    const from = { store: inHand.store, keyring: inHand.keyring }
    return await replicateVault(custodian, { from, to: there, onProgress, signal })
  }
  const replica = vault.openElsewhere(there.store, there.keyring)
  await vault.addSource('erp', signal)
  await capture()
  await vault.putHeads(signal)
  return { ...inHand, inHand, there, replica, capture, replicate }
}

export type Replicated = Awaited<ReturnType<typeof aReplicatedVault>>

export const check = (vault: Vault) => checkVault(vault, { depth: 'decoded', signal, onProgress })

/** Adds a point, puts another segment in the place of its own, and takes that away as collection does. */
export async function replaceNewest(hand: Replicated): Promise<void> {
  await hand.capture(1)
  await mergeNewest(hand)
}

/** The same of the newest point that is there. @returns the rows of what took its place */
export async function mergeNewest({ keyring, store, vault }: Replicated): Promise<string> {
  const state = await vault.readTimeline('erp', signal)
  const gone = state.points.at(-1)?.body.segments ?? []
  const { segments, session } = await aRealCapture(vault, 'erp', { text: '7\ta\t\\N\n' })
  const removes = gone.map((ref) => ref.keyring)
  const amounts = { bytesStored: 0, durationMs: 0 }
  await vault.append(state, { kind: 'compact', session, removes, segments, ...amounts }, signal)
  for (const ref of gone) {
    for (const object of [ref.keys, ref.rows]) store.objects.delete(object?.name ?? '')
    keyring.objects.delete(ref.keyring)
  }
  return segments[0]?.rows?.name ?? ''
}

/** Changes one bit. */
export function flip(bytes: Uint8Array | undefined): void {
  if (bytes === undefined) throw new Error('There is nothing to flip.')
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
}
