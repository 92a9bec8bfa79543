import { rm } from 'node:fs/promises'
import { isStoreUrl, placeBelow } from '#config/place'
import { checkStore, emptyStore, type StoreFinding } from '#store/check-store'
import type { ObjectStore } from '#store/object-store'
import type { Context } from './context.ts'

/** Whether a vault may be kept at a place, as `store check --json` prints it. */
export type PlaceAnswer = {
  readonly store: string
  readonly verdict: 'fit' | 'unfit'
  readonly properties: readonly StoreFinding[]
  /** Objects of the trial that could not be deleted again, below this folder of the store. */
  readonly left: { readonly folder: string; readonly objects: number }
}

export type CheckPlaceDeps = Pick<
  Context,
  'clock' | 'createStore' | 'openStore' | 'progress' | 'random' | 'readConfig'
>

/**
 * Puts a folder or a bucket to everything that a vault needs of it, in a folder of its own there,
 * which is emptied again. Reads and writes nothing else.
 *
 * @throws config.place-invalid | app.store-unsupported | store.unavailable when a folder is not there
 */
export async function checkPlace(
  deps: CheckPlaceDeps,
  typed: string,
  signal: AbortSignal,
): Promise<PlaceAnswer> {
  const place = (await deps.readConfig()).resolvePlace(typed)
  const { label } = deps.openStore(place)
  const folder = `holdfast-check-${Buffer.from(deps.random.bytes(6)).toString('hex')}`
  const store = await openTrial(deps, place, folder, signal)
  const properties: StoreFinding[] = []
  deps.progress.begin({ label: 'Checking the store' })
  try {
    for await (const finding of checkStore(deps, store, signal)) properties.push(finding)
  } finally {
    deps.progress.end()
  }
  const isReachable = properties[0]?.verdict === 'ok'
  const objects = isReachable ? await emptyStore(store.lock?.unlocked ?? store, signal) : 0
  if (!isStoreUrl(place)) await rm(placeBelow(place, folder), { recursive: true, force: true })
  const isFit = properties.every(({ verdict }) => verdict !== 'failed')
  return { store: label, verdict: isFit ? 'fit' : 'unfit', properties, left: { folder, objects } }
}

async function openTrial(
  deps: CheckPlaceDeps,
  place: string,
  folder: string,
  signal: AbortSignal,
): Promise<ObjectStore> {
  const trial = placeBelow(place, folder)
  if (isStoreUrl(place)) return deps.openStore(trial)
  // A folder that is missing is not made: it may be a disk that is not mounted.
  for await (const _ of deps.openStore(place).list('', signal)) break
  return await deps.createStore(trial)
}
