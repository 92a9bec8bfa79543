import { commitToKeys, openKeyring, sealKeyring } from '#seal/keyring'
import type { Openers, Recipients, VaultId } from '#seal/keys'
import type { StoredBytes } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { nameInEpoch, parseEpochName } from './epoch-keyring.ts'
import { type KeyringList, LISTED_MAX, storedBytesOf } from './keyring-list.ts'
import type { KeyringParts } from './needed-objects.ts'

export type ResealDeps = {
  readonly vaultId: VaultId
  /** As it lies in the store: `<name>.<epoch>` are names of their own. */
  readonly keyring: ObjectStore
  readonly openers: Openers
  /** `source`: the first part of the name, or `_vault`. */
  readonly recipientsOf: (source: string) => Recipients
  /** By the name of a whole copy, the name of the object that it stands for and was sealed as. */
  readonly copies: ReadonlyMap<string, string>
  /** By the name that entries have, what they commit to; absent: no entry has it, or not yet. */
  readonly partsOf: (name: string) => KeyringParts | undefined
  /** Names as they lie there that were declared dead: what lies at one may go at any time. */
  readonly dead: ReadonlySet<string>
  /** What was said of an object's newest epoch before. */
  readonly stated: KeyringList
  /** Says in the log what was sealed anew. Until it has resolved nothing older goes. */
  readonly say: (list: KeyringList) => Promise<void>
}

export type ResealReport = {
  readonly resealed: number
  /** Objects that were left as they are, and why. */
  readonly problems: readonly { readonly object: string; readonly problem: string }[]
}

type Versions = { readonly name: ObjectName; readonly epochs: readonly number[] }
type Resealed = StoredBytes & { readonly name: ObjectName; readonly older: readonly ObjectName[] }
type Request = { readonly epoch: number; readonly signal: AbortSignal }

const RESEALS_MAX = 8

/**
 * Seals every object of the keyring to the recipients of `epoch`; no other object is touched. Of
 * each, the new one is durable, was opened again and is in the log before the older ones go, so an
 * interruption leaves every object openable and running it again completes it. What does not open,
 * or does not hold what its entry commits to, stays. Holds the names of some thousand at a time.
 */
export async function resealKeyring(
  deps: ResealDeps,
  epoch: number,
  signal: AbortSignal,
): Promise<ResealReport> {
  let resealed = 0
  const problems: { object: string; problem: string }[] = []
  const tryOne = async (versions: Versions) => {
    try {
      return await resealOne(deps, versions, { epoch, signal })
    } catch (error) {
      if (!(error instanceof AppError) || isStoreFailure(error)) throw error
      problems.push({ object: versions.name, problem: error.message })
      return undefined
    }
  }
  let batch: Resealed[] = []
  for await (const done of mapConcurrent(listVersions(deps.keyring, signal), RESEALS_MAX, tryOne)) {
    if (done === undefined) continue
    batch.push(done)
    if (batch.length < LISTED_MAX) continue
    resealed += await conclude(deps, batch, signal)
    batch = []
  }
  return { resealed: resealed + (await conclude(deps, batch, signal)), problems }
}

/** Says what they are now; then the older ones go. */
async function conclude(
  { keyring, say, stated }: ResealDeps,
  batch: readonly Resealed[],
  signal: AbortSignal,
): Promise<number> {
  const news = batch.filter(({ name, sha256 }) => stated.get(name)?.sha256 !== sha256)
  if (news.length > 0) {
    await say(new Map(news.map(({ name, sha256, sizeBytes }) => [name, { sizeBytes, sha256 }])))
  }
  const deleting = mapConcurrent(batch, RESEALS_MAX, async ({ older }) => {
    for (const one of older) await keyring.delete(one, signal)
  })
  for await (const _ of deleting);
  return batch.length
}

/** `undefined` when nothing was to be done. */
async function resealOne(
  deps: ResealDeps,
  { epochs, name }: Versions,
  { epoch, signal }: Request,
): Promise<Resealed | undefined> {
  const older = epochs.filter((one) => one < epoch).sort((a, b) => b - a)
  if (older.length === 0) return undefined
  const newest = nameInEpoch(name, epoch)
  if (deps.dead.has(newest)) {
    const message = `Cannot seal keyring object "${name}" anew: "${newest}" was declared dead, wanted keys of a later epoch`
    throw new AppError('seal.not-authentic', message, { name })
  }
  const sealedAs = deps.copies.get(name) ?? name
  const keys = await openAny(deps, { name, sealedAs, epochs: older }, signal)
  if (!epochs.includes(epoch)) {
    const recipients = deps.recipientsOf(name.split('/')[0] ?? '')
    const sealed = await sealKeyring({ vaultId: deps.vaultId, name: sealedAs, keys, recipients })
    await deps.keyring.put(newest, sealed, signal)
  }
  // Also of one that was there already: whoever put it must not make the older one go.
  const bytes = await deps.keyring.get(newest, { signal })
  if (!isSame(await open(deps, { name, sealedAs, bytes }), keys)) {
    const message = `Cannot seal keyring object "${name}" anew: "${newest}" holds other keys`
    throw new AppError('seal.not-authentic', message, { name })
  }
  return { name, ...storedBytesOf(bytes), older: older.map((one) => nameInEpoch(name, one)) }
}

/** The keys in the newest epoch that holds what was committed; others may have been put there. */
async function openAny(
  deps: ResealDeps,
  { epochs, name, sealedAs }: Versions & { readonly sealedAs: string },
  signal: AbortSignal,
): Promise<Keys> {
  let refusal: unknown
  for (const epoch of epochs) {
    try {
      const bytes = await deps.keyring.get(nameInEpoch(name, epoch), { signal })
      return await open(deps, { name, sealedAs, bytes })
    } catch (error) {
      if (!isAppError(error) || isStoreFailure(error)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

type Keys = Record<'keys' | 'rows' | 'blobs', readonly Uint8Array[]>

const PARTS = ['keys', 'rows', 'blobs'] as const

/** @throws seal.not-authentic when its keys do not open, or are not those committed */
async function open(
  { openers, partsOf, vaultId }: ResealDeps,
  { bytes, name, sealedAs }: { name: string; sealedAs: string; bytes: Uint8Array },
): Promise<Keys> {
  const { blobs, keys, rows } = await openKeyring({ vaultId, name: sealedAs, bytes, openers })
  const refuse = (found: string) => {
    const message = `Cannot seal keyring object "${name}" anew: ${found}`
    return new AppError('seal.not-authentic', message, { name })
  }
  if (!keys || !rows || !blobs) throw refuse('its keys do not open')
  const opened = { keys, rows, blobs }
  const committed: KeyringParts = partsOf(sealedAs) ?? {}
  for (const part of PARTS) {
    const ref = committed[part]
    if (ref == null || commitToKeys(ref.name, opened[part]) === ref.commitment) continue
    throw refuse(`its keys of ${part} are not those committed`)
  }
  return opened
}

function isSame(a: Keys, b: Keys): boolean {
  return PARTS.every(
    (part) =>
      a[part].length === b[part].length &&
      a[part].every((key, i) => Buffer.compare(key, b[part][i] ?? new Uint8Array()) === 0),
  )
}

/** The objects of segments and documents, each with the epochs it is there in. */
async function* listVersions(
  keyring: ObjectStore,
  signal: AbortSignal,
): AsyncGenerator<Versions, void, undefined> {
  let pending: { name: ObjectName; epochs: number[] } | undefined
  for await (const found of keyring.list('', signal)) {
    const { epoch, name } = parseEpochName(found.name)
    if (!/^[^/]+\/[^/]+\/[0-9]+$/.test(name)) continue
    if (pending?.name === name) {
      pending.epochs.push(epoch)
      continue
    }
    if (pending !== undefined) yield pending
    pending = { name, epochs: [epoch] }
  }
  if (pending !== undefined) yield pending
}

/** Not of this object: a full disk, a place that does not answer. What it holds may be whole. */
function isStoreFailure({ code }: AppError): boolean {
  const isOfObject = code === 'store.not-found' || code === 'store.short-read'
  return code.startsWith('store.') && !isOfObject
}
