import { collect } from '#stdx/streams'
import { parseObjectName } from '#store/object-name'
import type {
  GetOptions,
  ObjectLock,
  ObjectName,
  ObjectStat,
  ObjectStore,
} from '#store/object-store'
import { getIfAny, isStored, type KeyringList } from './keyring-list.ts'

/** What the log says of where the objects of the keyring lie. */
export type EpochLog = {
  /** The newest epoch; `isFresh`: what was known of it may be too old. */
  readonly readEpoch: (signal: AbortSignal, isFresh: boolean) => Promise<number>
  /** By the name that entries have, what was sealed anew, as of the last reading of the log. */
  readonly readAnew: (signal: AbortSignal) => Promise<KeyringList>
}

/**
 * A keyring whose objects are called as entries call them, whatever epoch of keys they are sealed
 * for: `<name>` of the first epoch lies at `<name>`, of a later one at `<name>.<epoch>`. New objects
 * are of the newest epoch. Sealing anew writes the newer object before the older goes, so whoever
 * looks from the newest downwards finds one. Of several, the one is read that the log states: what a
 * change of keys that goes on has put above it is nobody's yet, nor is what a thief has put there.
 */
export function epochKeyring(store: ObjectStore, log: EpochLog): ObjectStore {
  const newest = async (name: ObjectName, signal: AbortSignal) =>
    nameInEpoch(name, isSlot(name) ? 1 : await log.readEpoch(signal, false))
  const all = async (name: ObjectName, signal: AbortSignal) =>
    isSlot(name) ? [name] : namesFrom(name, await log.readEpoch(signal, false))
  /** Those to look at in turn while none is right: each as late, and as seldom, as it costs. */
  const looks = [
    all,
    async (name: ObjectName, signal: AbortSignal) =>
      isSlot(name) ? [] : namesFrom(name, await log.readEpoch(signal, true)),
    /** Those of later epochs than are known of: a replica's log may be behind what lies there. */
    async (name: ObjectName, signal: AbortSignal) =>
      isSlot(name) ? [] : (await listEpochs(store, name, signal)).map((found) => found.name),
  ]
  return {
    label: store.label,
    put: async (name, bytes, signal) => await store.put(await newest(name, signal), bytes, signal),
    create: async (name, signal) => await store.create(await newest(name, signal), signal),
    async get(name, options) {
      let other: Uint8Array<ArrayBuffer> | undefined
      for (const look of looks) {
        const found = await getRight(name, await look(name, options.signal), options)
        if (found.right !== undefined) return found.right
        other ??= found.other
      }
      // What is damaged is told by who opens it.
      return other ?? (await store.get(name, options))
    },
    async stat(name, signal) {
      for (const look of looks) {
        for (const one of await look(name, signal)) {
          const found = await store.stat(one, signal)
          if (found !== undefined) return { ...found, name }
        }
      }
      return undefined
    },
    list: (prefix, signal) => listOnce(store, prefix, signal),
    async delete(name, signal) {
      for (const one of await all(name, signal)) await store.delete(one, signal)
    },
    ...(store.lock && { lock: lockOf(store.lock) }),
  }

  /**
   * The first of these that an entry states; who does not ask for that gets the newest. Without any
   * word on it, it is the oldest: what is above was put there later, and nobody has said so yet.
   */
  async function getRight(
    name: ObjectName,
    names: readonly ObjectName[],
    options: GetOptions,
  ): Promise<{
    readonly right?: Uint8Array<ArrayBuffer> | undefined
    readonly other?: Uint8Array<ArrayBuffer> | undefined
  }> {
    const { signal, stated } = options
    let newest: Uint8Array<ArrayBuffer> | undefined
    let oldest: Uint8Array<ArrayBuffer> | undefined
    let word = stated?.bytes
    for (const one of names) {
      const bytes = await getIfAny(store, one, options)
      if (bytes === undefined) continue
      if (stated === undefined) return { right: bytes }
      if (word !== undefined && isStored(word, bytes)) return { right: bytes }
      const anew = await log.readAnew(signal)
      word = anew.get(name) ?? anew.get(stated.name) ?? word
      if (word !== undefined && isStored(word, bytes)) return { right: bytes }
      newest ??= bytes
      oldest = bytes
    }
    return word === undefined ? { right: oldest } : { other: newest }
  }

  function lockOf(lock: ObjectLock): ObjectLock {
    return {
      keepMs: lock.keepMs,
      unlocked: epochKeyring(lock.unlocked, log),
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

export type StoredEpoch = {
  readonly name: ObjectName
  readonly epoch: number
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** What lies there of an object, newest epoch first. */
export async function listEpochs(
  stored: ObjectStore,
  name: ObjectName,
  signal: AbortSignal,
): Promise<StoredEpoch[]> {
  const folder = name.slice(0, name.lastIndexOf('/') + 1)
  return (await collect(stored.list(folder, signal)))
    .map((found) => ({ ...found, ...{ epoch: parseEpochName(found.name).epoch } }))
    .filter((found) => found.name === nameInEpoch(name, found.epoch))
    .sort((a, b) => b.epoch - a.epoch)
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
