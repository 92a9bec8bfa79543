import { AppError, isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { parseObjectName } from './object-name.ts'
import type { ObjectName, ObjectStore } from './object-store.ts'

const RACERS = 4
/** A lost answer makes equal bytes look like one's own once, not every time. */
const CREATES_MAX = 5

/**
 * Proves, before a store is trusted for the first time, that of several writers of one name exactly
 * one wins, and that what won is listed and read back. Leaves nothing behind that can be deleted.
 * @param folder in which to try; one that will be used anyway leaves no empty folder
 * @throws store.not-conditional when it does not hold; others of the store when it cannot be reached
 */
export async function probeStore(
  store: ObjectStore,
  random: Random,
  { folder = 'probe', signal }: { readonly folder?: string; readonly signal: AbortSignal },
): Promise<void> {
  const name = parseObjectName(`${folder}/probe-${Buffer.from(random.bytes(8)).toString('hex')}`)
  const probed = store.lock?.unlocked ?? store
  try {
    await probeName(probed, name, signal)
    let isListed = false
    for await (const found of probed.list(`${folder}/`, signal)) isListed ||= found.name === name
    if (!isListed) throw notConditional(store, 'a listing did not show an object that was there')
  } finally {
    await deleteUnlessLocked(probed, name, signal)
  }
}

/**
 * Proves again, with an object that is there, that a store does not write over: what it is sent is
 * what it has, so a store that does so loses nothing by it. Needs no right to delete.
 * @throws store.not-conditional | store.not-found
 */
export async function proveCreateOnly(
  store: ObjectStore,
  name: ObjectName,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await store.get(name, { signal })
  const tried = store.lock?.unlocked ?? store
  for (let count = 0; count < CREATES_MAX; count++) {
    if ((await tried.put(name, bytes, signal)) === 'already-present') return
  }
  throw notConditional(store, 'an object that was there was written over')
}

/** A store whose own rule locks everything keeps the probe too, and is no worse for it. */
async function deleteUnlessLocked(
  store: ObjectStore,
  name: ObjectName,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.delete(name, signal)
  } catch (error) {
    if (!isAppError(error, 'store.locked')) throw error
  }
}

async function probeName(store: ObjectStore, name: ObjectName, signal: AbortSignal): Promise<void> {
  const contents = Array.from({ length: RACERS }, (_, i) => new Uint8Array(64).fill(i + 1))
  const results = await Promise.all(contents.map((bytes) => store.put(name, bytes, signal)))
  const winners = contents.filter((_, i) => results[i] === 'stored')
  const [winner] = winners
  if (winner === undefined || winners.length > 1) {
    throw notConditional(store, `${winners.length} of ${RACERS} writers of one name won`)
  }
  const late = await store.put(name, new Uint8Array(64).fill(RACERS + 1), signal)
  if (late !== 'already-present') throw notConditional(store, 'a later writer replaced an object')
  const found = await store.get(name, { signal })
  if (Buffer.compare(found, winner) !== 0) {
    throw notConditional(store, 'reading back gave other bytes than the ones that won')
  }
}

function notConditional(store: ObjectStore, found: string): AppError {
  const message = `Cannot use "${store.label}" as a store: ${found}`
  return new AppError('store.not-conditional', message, { store: store.label })
}
