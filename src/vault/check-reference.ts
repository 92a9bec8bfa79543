import type { Part } from '#seal/data-keys'
import { commitToKeys, openKeyring } from '#seal/keyring'
import type { Openers } from '#seal/keys'
import type { openSegmentChecker } from '#segment/check-segment'
import type { ObjectRef } from '#segment/segment'
import type { ObjectName, ObjectStat, ObjectStore } from '#store/object-store'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { type CheckDepth, guard, keyringObject, type Tally } from './check-tally.ts'
import type { Reference } from './check-timeline.ts'
import { listEpochs } from './epoch-keyring.ts'
import { HashingStore } from './hashing-store.ts'
import { isStored } from './keyring-list.ts'
import { keyringOfDocument, keyringOfSegment, type NeededKeyring } from './needed-objects.ts'
import { openersOf } from './prove-keyring.ts'
import { repairedStores } from './repaired-store.ts'
import { findStated, readStatedKeys, type StatedKeys, statedBytes } from './stated-keys.ts'
import type { Stores, Vault } from './vault.ts'

export type CheckReferenceDeps = {
  readonly vault: Vault
  readonly tally: Tally
  readonly depth: CheckDepth
  /** As it was before the check began; it is read again where an object differs. */
  readonly stated: StatedKeys
  readonly checkSegment: ReturnType<typeof openSegmentChecker>
  readonly signal: AbortSignal
}

type InStores = CheckReferenceDeps & Stores

/** Looks at everything that one segment, table or document consists of. */
export async function checkReference(
  { vault, ...rest }: CheckReferenceDeps,
  reference: Reference,
): Promise<void> {
  const timeline = 'source' in reference ? reference.source : VAULT_TIMELINE
  const repairs = await vault.repairs(timeline, rest.signal)
  const deps = { vault, ...rest, ...repairedStores(vault, repairs) }
  if (reference.kind === 'list') return await checkObjects(deps, [reference.ref])
  if (reference.kind === 'table') {
    if (deps.depth === 'hashes') return await checkObjects(deps, [reference.ref])
    return await checkTable(deps, reference)
  }
  const openers = await openersOf(vault, timeline, deps.signal)
  if (reference.kind === 'document') {
    await checkObjects(deps, [reference.body.object])
    await checkKeyring(deps, { ...keyringOfDocument(reference.body), openers })
    return
  }
  if (reference.kind === 'borrowed') {
    const { blobs } = reference.ref
    if (blobs !== null) await checkObjects(deps, [blobs])
    const needed = keyringOfSegment(reference.ref, repairs)
    await checkKeyring(deps, { ...needed, openers, parts: { blobs } })
    return
  }
  const { blobs, keys, rows } = reference.placed.ref
  const right = await checkKeyring(deps, {
    ...keyringOfSegment(reference.placed.ref, repairs),
    openers,
  })
  const refs = [keys, rows, blobs].filter((ref) => ref !== null)
  await checkObjects(deps, refs, async (store) => {
    if (deps.depth !== 'hashes') await checkDeep({ ...deps, store }, reference, right)
  })
}

/** Reading it says whether it is what was committed, and whether it is what its entry sums up. */
async function checkTable(
  { signal, tally, vault }: InStores,
  { body, ref, source }: Extract<Reference, { kind: 'table' }>,
): Promise<void> {
  if (!tally.addObject(ref.name)) return
  await guard(tally, ref.name, async () => {
    await vault.readTransactions(source, body, signal)
    tally.addBytes(ref.sizeBytes)
  })
}

/** Reads through the store that it is given. */
async function checkDeep(
  { checkSegment, depth, signal, store, tally, vault }: InStores,
  { placed, schemas: all, source }: Extract<Reference, { kind: 'segment' }>,
  right: Uint8Array | undefined,
): Promise<void> {
  await guard(tally, placed.ref.keys.name, async () => {
    const read = await vault.readDeps(source, signal)
    const deps = { ...read, store, keyring: holding(read.keyring, placed.ref.keyring, right) }
    const digestKey = await vault.digestKey(source, signal)
    const schemas = new Map(all.map((schema) => [schema.version, schema]))
    const problems = await checkSegment(deps, placed, { schemas, depth, digestKey, signal })
    for (const { object, problem } of problems) {
      const isKeyring = object === placed.ref.keyring
      tally.addProblem(isKeyring ? keyringObject(object) : object, problem)
    }
  })
}

type StoredObject = Omit<ObjectRef, 'commitment'>

/** Reads every byte of objects once: as `look` reads them, and what that leaves out. */
async function checkObjects(
  { signal, store, tally }: InStores,
  refs: readonly StoredObject[],
  look: (store: ObjectStore) => Promise<void> = async () => {},
): Promise<void> {
  const hashing = new HashingStore(store, (bytes) => tally.addBytes(bytes))
  const whole: StoredObject[] = []
  for (const ref of refs) {
    if (!tally.addObject(ref.name)) continue
    await guard(tally, ref.name, async () => {
      const problem = findProblem(ref, await store.stat(ref.name, signal))
      if (problem !== undefined) return tally.addProblem(ref.name, problem)
      hashing.follow(ref.name)
      whole.push(ref)
    })
  }
  await look(hashing.store)
  for (const { name, sha256, sizeBytes } of whole) {
    await guard(tally, name, async () => {
      if ((await hashing.digest(name, sizeBytes, signal)) === sha256) return
      tally.addProblem(name, 'Its bytes are not those that were committed')
    })
  }
}

function findProblem(
  { sizeBytes }: StoredObject,
  found: ObjectStat | undefined,
): string | undefined {
  if (found === undefined) return 'It is missing'
  if (found.sizeBytes === sizeBytes) return undefined
  return `It has ${found.sizeBytes} bytes, ${sizeBytes} were committed`
}

type KeyringToCheck = NeededKeyring & { readonly openers: Openers }

/**
 * Holds what lies there against what the log says it is, whoever may open it; then opens the keys by
 * each way there is, and holds them against what the entry commits to.
 * @returns what the log says is right, where it is there
 */
async function checkKeyring(
  deps: InStores,
  needed: KeyringToCheck,
): Promise<Uint8Array | undefined> {
  const { keyring, signal, tally } = deps
  const object = keyringObject(needed.name)
  if (!tally.addObject(object)) return undefined
  let right: Uint8Array | undefined
  await guard(tally, object, async () => {
    const bytes = await keyring.get(needed.name, { signal })
    tally.addBytes(bytes.byteLength)
    right = await checkStated(deps, needed, bytes)
    if (right !== undefined) await checkKeys(deps, needed, right)
  })
  return right
}

async function checkKeys(
  { tally, vault }: InStores,
  { name, openers, parts }: KeyringToCheck,
  bytes: Uint8Array,
): Promise<void> {
  const { capture, past = [], read } = openers
  const ways: Openers[] = [...(read ? [{ read, past }] : []), ...(capture ? [{ capture }] : [])]
  // With no key at all the layout is still looked at.
  for (const way of ways.length === 0 ? [{}] : ways) {
    const opened = await openKeyring({ vaultId: vault.id, name, bytes, openers: way })
    for (const part of partsToOpen(way)) {
      const keys = opened[part]
      const ref = parts[part]
      if (ref == null) continue
      if (commitToKeys(ref.name, keys ?? []) === ref.commitment) continue
      tally.addProblem(keyringObject(name), `Its keys of ${part} are not those committed`)
    }
  }
}

/** What is right: what was read, or what lies beneath it; `undefined` when neither is. */
async function checkStated(
  deps: InStores,
  ref: KeyringToCheck,
  bytes: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { signal, stated: before, tally, vault } = deps
  if (isStored(statedBytes(before, ref), bytes)) return bytes
  // Somebody may have sealed it anew since.
  const stated = await readStatedKeys(vault, signal)
  const found = await findStated(vault.storedKeyring, stated, ref, signal)
  if (found === undefined) {
    if (!stated.isWhole) return bytes
    tally.addProblem(keyringObject(ref.name), 'Its bytes are not those that were committed')
    return undefined
  }
  if (isStored(statedBytes(stated, ref), bytes)) return bytes
  const epochs = await listEpochs(vault.storedKeyring, ref.at, signal)
  for (const { name } of epochs.slice(0, findIndexOf(epochs, found.name))) {
    tally.addIncident(keyringObject(name), UNSTATED)
  }
  return found.bytes
}

/** The same store, in which one object is what was found right. */
function holding(
  keyring: ObjectStore,
  name: ObjectName,
  right: Uint8Array | undefined,
): ObjectStore {
  if (right === undefined) return keyring
  return {
    ...keyring,
    get: async (one, options) =>
      one === name ? Uint8Array.from(right) : await keyring.get(one, options),
  }
}

const UNSTATED =
  'No entry says what it is: a change of keys was interrupted, or somebody put it there'

function findIndexOf(epochs: readonly { readonly name: string }[], name: string): number {
  return epochs.findIndex((one) => one.name === name)
}

function partsToOpen(way: Openers): readonly Part[] {
  if (way.read !== undefined) return ['keys', 'rows', 'blobs']
  return way.capture === undefined ? [] : ['keys']
}
