import { isAppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type {
  GetOptions,
  ObjectLock,
  ObjectName,
  ObjectStat,
  ObjectStore,
} from '#store/object-store'

type ReadEpoch = (signal: AbortSignal, isFresh: boolean) => Promise<number>

/**
 * A keyring whose objects are called as entries call them, whatever epoch of keys they are sealed
 * for: `<name>` of the first epoch lies at `<name>`, of a later one at `<name>.<epoch>`. New objects
 * are of the newest epoch. Sealing anew writes the newer object before the older goes, so whoever
 * looks from the newest downwards finds one; after that it is found at the first look.
 *
 * @param readEpoch the newest epoch; `isFresh`: what was known of it may be too old
 */
export function epochKeyring(store: ObjectStore, readEpoch: ReadEpoch): ObjectStore {
  const newest = async (name: ObjectName, signal: AbortSignal) =>
    nameInEpoch(name, isSlot(name) ? 1 : await readEpoch(signal, false))
  const all = async (name: ObjectName, signal: AbortSignal) =>
    isSlot(name) ? [name] : namesFrom(name, await readEpoch(signal, false))
  /** Those that came to be since. */
  const newer = async (name: ObjectName, signal: AbortSignal) => {
    if (isSlot(name)) return []
    const before = await readEpoch(signal, false)
    const epoch = await readEpoch(signal, true)
    return namesFrom(name, epoch).slice(0, epoch - before)
  }
  /** Those of later epochs than are known of: a replica's log may be behind what lies there. */
  const lying = async (name: ObjectName, signal: AbortSignal) => {
    if (isSlot(name)) return []
    const found: { readonly stored: ObjectName; readonly epoch: number }[] = []
    const folder = name.slice(0, name.lastIndexOf('/') + 1)
    for await (const { name: stored } of store.list(folder, signal)) {
      const parsed = parseEpochName(stored)
      if (parsed.name === name) found.push({ stored, epoch: parsed.epoch })
    }
    return found.sort((a, b) => b.epoch - a.epoch).map(({ stored }) => stored)
  }
  return {
    label: store.label,
    put: async (name, bytes, signal) => await store.put(await newest(name, signal), bytes, signal),
    create: async (name, signal) => await store.create(await newest(name, signal), signal),
    async get(name, options) {
      const { signal } = options
      const found =
        (await getFirst(await all(name, signal), options)) ??
        (await getFirst(await newer(name, signal), options)) ??
        (await getFirst(await lying(name, signal), options))
      return found ?? (await store.get(name, options))
    },
    async stat(name, signal) {
      return (
        (await statFirst(name, await all(name, signal), signal)) ??
        (await statFirst(name, await newer(name, signal), signal)) ??
        (await statFirst(name, await lying(name, signal), signal))
      )
    },
    list: (prefix, signal) => listOnce(store, prefix, signal),
    async delete(name, signal) {
      for (const one of await all(name, signal)) await store.delete(one, signal)
    },
    ...(store.lock && { lock: lockOf(store.lock) }),
  }

  async function getFirst(names: readonly ObjectName[], options: GetOptions) {
    for (const one of names) {
      try {
        return await store.get(one, options)
      } catch (error) {
        if (!isAppError(error, 'store.not-found')) throw error
      }
    }
    return undefined
  }

  async function statFirst(name: ObjectName, names: readonly ObjectName[], signal: AbortSignal) {
    for (const one of names) {
      const found = await store.stat(one, signal)
      if (found !== undefined) return { ...found, name }
    }
    return undefined
  }

  function lockOf(lock: ObjectLock): ObjectLock {
    return {
      keepMs: lock.keepMs,
      unlocked: epochKeyring(lock.unlocked, readEpoch),
      async extendRetention(name, untilMs, signal) {
        const names = await all(name, signal)
        for (const one of names) {
          if ((await store.stat(one, signal)) === undefined && one !== names.at(-1)) continue
          return await lock.extendRetention(one, untilMs, signal)
        }
      },
    }
  }
}

/** Where the object of this name lies when it is sealed for this epoch. */
export function nameInEpoch(name: ObjectName, epoch: number): ObjectName {
  return epoch === 1 ? name : parseObjectName(`${name}.${epoch}`)
}

/** The name and epoch of an object as it lies in the store. */
export function parseEpochName(stored: ObjectName): { name: ObjectName; epoch: number } {
  const [, name, digits] = /^(.*)\.([1-9][0-9]{0,8})$/.exec(stored) ?? []
  if (name === undefined || digits === undefined) return { name: stored, epoch: 1 }
  return { name: parseObjectName(name), epoch: Number(digits) }
}

function namesFrom(name: ObjectName, epoch: number): ObjectName[] {
  return Array.from({ length: epoch }, (_, i) => nameInEpoch(name, epoch - i))
}

/** Names end in a number, so all epochs of one follow each other. */
async function* listOnce(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectStat, void, undefined> {
  let before: ObjectName | undefined
  for await (const found of store.list(prefix, signal)) {
    const { name } = parseEpochName(found.name)
    if (name !== before) yield { ...found, name }
    before = name
  }
}

function isSlot(name: ObjectName): boolean {
  return /^slots\/[0-9a-f]{16}\.json$/.test(name)
}
