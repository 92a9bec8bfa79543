import type { Random } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'

/**
 * What time it is by a store's own clock, in milliseconds since 1970: that of an object put there to
 * see, and removed again; 0 when it vanished at once.
 * @param folder where the writers of a source have theirs: what a process that is killed leaves here
 * was never committed, and is collected as such
 */
export async function readStoreClock(
  store: ObjectStore,
  { folder, random, signal }: { folder: string; random: Random; signal: AbortSignal },
): Promise<number> {
  const name = parseObjectName(`${folder}clock/at-${Buffer.from(random.bytes(8)).toString('hex')}`)
  const unlocked = store.lock?.unlocked ?? store
  await unlocked.put(name, new Uint8Array(1), signal)
  try {
    return (await unlocked.stat(name, signal))?.modifiedMs ?? 0
  } finally {
    await unlocked.delete(name, signal)
  }
}
