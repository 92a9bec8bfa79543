import { openKeyring, sealKeyring } from '#seal/keyring'
import type { Openers, Recipients, VaultId } from '#seal/keys'
import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { nameInEpoch, parseEpochName } from './epoch-keyring.ts'

export type ResealDeps = {
  readonly vaultId: VaultId
  /** As it lies in the store: `<name>.<epoch>` are names of their own. */
  readonly keyring: ObjectStore
  readonly openers: Openers
  /** `source`: the first part of the name, or `_vault`. */
  readonly recipientsOf: (source: string) => Recipients
  /** By the name of a whole copy, the name of the object that it stands for and was sealed as. */
  readonly copies: ReadonlyMap<string, string>
}

export type ResealReport = {
  readonly resealed: number
  /** Objects that were left as they are, and why. */
  readonly problems: readonly { readonly object: string; readonly problem: string }[]
}

type Versions = { readonly name: ObjectName; readonly epochs: readonly number[] }

const RESEALS_MAX = 8

/**
 * Seals every object of the keyring to the recipients of `epoch`; no other object is touched. Of
 * each, the new one is durable and was opened again before the older one goes, so an interruption
 * leaves every object openable and running it again completes it. What does not open stays.
 */
export async function resealKeyring(
  deps: ResealDeps,
  epoch: number,
  signal: AbortSignal,
): Promise<ResealReport> {
  let resealed = 0
  const problems: { object: string; problem: string }[] = []
  const running = mapConcurrent(
    listVersions(deps.keyring, signal),
    RESEALS_MAX,
    async (versions) => {
      try {
        if (await resealOne(deps, versions, { epoch, signal })) resealed += 1
      } catch (error) {
        if (!(error instanceof AppError) || isStoreFailure(error)) throw error
        problems.push({ object: versions.name, problem: error.message })
      }
    },
  )
  for await (const _ of running);
  return { resealed, problems }
}

/** Whether anything was to be done. */
async function resealOne(
  deps: ResealDeps,
  { epochs, name }: Versions,
  { epoch, signal }: { readonly epoch: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const older = epochs.filter((one) => one < epoch).sort((a, b) => b - a)
  const [newest] = older
  const sealedAs = deps.copies.get(name) ?? name
  if (newest === undefined) return false
  const open = async (at: number) => {
    const bytes = await deps.keyring.get(nameInEpoch(name, at), { signal })
    const { openers, vaultId } = deps
    const request = { vaultId, name: sealedAs, bytes, openers }
    const { blobs, keys, rows } = await openKeyring(request)
    if (keys && rows && blobs) return { keys, rows, blobs }
    const message = `Cannot seal keyring object "${name}" anew: its keys do not open`
    throw new AppError('seal.not-authentic', message, { name })
  }
  const keys = await open(newest)
  if (!epochs.includes(epoch)) {
    const recipients = deps.recipientsOf(name.split('/')[0] ?? '')
    const bytes = await sealKeyring({ vaultId: deps.vaultId, name: sealedAs, keys, recipients })
    await deps.keyring.put(nameInEpoch(name, epoch), bytes, signal)
  }
  // Also of one that was there already: whoever put it must not make the older one go.
  if (!isSame(await open(epoch), keys)) {
    const message = `Cannot seal keyring object "${name}" anew: "${nameInEpoch(name, epoch)}" holds other keys`
    throw new AppError('seal.not-authentic', message, { name })
  }
  for (const one of older) await deps.keyring.delete(nameInEpoch(name, one), signal)
  return true
}

type Keys = Record<'keys' | 'rows' | 'blobs', readonly Uint8Array[]>

function isSame(a: Keys, b: Keys): boolean {
  return (['keys', 'rows', 'blobs'] as const).every(
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

function isStoreFailure(error: AppError): boolean {
  return isAppError(error, 'store.unavailable') || isAppError(error, 'store.denied')
}
