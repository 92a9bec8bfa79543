import { createHash } from 'node:crypto'
import type { Part } from '#seal/data-keys'
import { commitToKeys, openKeyring } from '#seal/keyring'
import type { Openers } from '#seal/keys'
import { checkSegment } from '#segment/check-segment'
import type { ObjectRef } from '#segment/segment'
import { parseObjectName } from '#store/object-name'
import type { ObjectName } from '#store/object-store'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { type CheckDepth, guard, keyringObject, type Tally } from './check-tally.ts'
import type { Reference } from './check-timeline.ts'
import { openersOf } from './prove-keyring.ts'
import { repairedStores } from './repaired-store.ts'
import type { Stores, Vault } from './vault.ts'

export type CheckReferenceDeps = {
  readonly vault: Vault
  readonly tally: Tally
  readonly depth: CheckDepth
  readonly signal: AbortSignal
}

/** Objects are read in pieces of this size, whatever their own. */
const PIECE_BYTES = 4 * 1024 * 1024

type InStores = CheckReferenceDeps & Stores

/** Looks at everything that one segment or document consists of. */
export async function checkReference(
  { vault, ...rest }: CheckReferenceDeps,
  reference: Reference,
): Promise<void> {
  const timeline = reference.kind === 'document' ? VAULT_TIMELINE : reference.source
  const repairs = await vault.repairs(timeline, rest.signal)
  const deps = { vault, ...rest, ...repairedStores(vault, repairs) }
  if (reference.kind === 'document') {
    const { keyring, object } = reference.body
    await checkHash(deps, object)
    const openers = await openersOf(vault, VAULT_TIMELINE, deps.signal)
    await checkKeyring(deps, { name: parseObjectName(keyring), openers, parts: { blobs: object } })
    return
  }
  const openers = await openersOf(vault, timeline, deps.signal)
  if (reference.kind === 'borrowed') {
    const { blobs, keyring } = reference.ref
    if (blobs !== null) await checkHash(deps, blobs)
    await checkKeyring(deps, { name: keyring, openers, parts: { blobs } })
    return
  }
  const { blobs, keyring, keys, rows } = reference.placed.ref
  for (const ref of [keys, rows, blobs]) if (ref !== null) await checkHash(deps, ref)
  await checkKeyring(deps, { name: keyring, openers, parts: { keys, rows, blobs } })
  if (deps.depth !== 'hashes') await checkDeep(deps, reference)
}

/** Its own bytes count once, in `checkHash`. */
async function checkDeep(
  { depth, signal, tally, vault }: CheckReferenceDeps,
  { placed, schemas: all, source }: Extract<Reference, { kind: 'segment' }>,
): Promise<void> {
  await guard(tally, placed.ref.keys.name, async () => {
    const deps = await vault.readDeps(source, signal)
    const digestKey = await vault.digestKey(source, signal)
    const schemas = new Map(all.map((schema) => [schema.version, schema]))
    const problems = await checkSegment(deps, placed, { schemas, depth, digestKey, signal })
    for (const { object, problem } of problems) {
      const isKeyring = object === placed.ref.keyring
      tally.addProblem(isKeyring ? keyringObject(object) : object, problem)
    }
  })
}

/** Reads every byte of an object once. */
async function checkHash({ signal, store, tally }: InStores, ref: ObjectRef): Promise<void> {
  if (!tally.addObject(ref.name)) return
  await guard(tally, ref.name, async () => {
    const found = await store.stat(ref.name, signal)
    if (found === undefined) {
      tally.addProblem(ref.name, 'It is missing')
      return
    }
    if (found.sizeBytes !== ref.sizeBytes) {
      tally.addProblem(ref.name, `It has ${found.sizeBytes} bytes, ${ref.sizeBytes} were committed`)
      return
    }
    const hash = createHash('sha256')
    for (let offset = 0; offset < ref.sizeBytes; offset += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, ref.sizeBytes - offset)
      const bytes = await store.get(ref.name, { signal, range: { offset, length } })
      hash.update(bytes)
      tally.addBytes(length)
    }
    if (hash.digest('hex') !== ref.sha256) {
      tally.addProblem(ref.name, 'Its bytes are not those that were committed')
    }
  })
}

type KeyringToCheck = {
  readonly name: ObjectName
  readonly openers: Openers
  readonly parts: Readonly<Partial<Record<Part, ObjectRef | null>>>
}

/** Opens the keys by each way there is, and holds them against what the entry commits to. */
async function checkKeyring(
  { keyring, signal, tally, vault }: InStores,
  { name, openers, parts }: KeyringToCheck,
): Promise<void> {
  const object = keyringObject(name)
  if (!tally.addObject(object)) return
  await guard(tally, object, async () => {
    const bytes = await keyring.get(name, { signal })
    tally.addBytes(bytes.byteLength)
    const { capture, past = [], read } = openers
    const ways: Openers[] = [...(read ? [{ read, past }] : []), ...(capture ? [{ capture }] : [])]
    // With no key at all the layout is still looked at.
    for (const way of ways.length === 0 ? [{}] : ways) {
      const opened = await openKeyring({ vaultId: vault.id, name, bytes, openers: way })
      for (const part of partsToOpen(way)) {
        const keys = opened[part]
        const ref = parts[part]
        const isCommitted = ref == null || commitToKeys(ref.name, keys ?? []) === ref.commitment
        if (!isCommitted) tally.addProblem(object, `Its keys of ${part} are not those committed`)
      }
    }
  })
}

function partsToOpen(way: Openers): readonly Part[] {
  if (way.read !== undefined) return ['keys', 'rows', 'blobs']
  return way.capture === undefined ? [] : ['keys']
}
