import type { ObjectName, ObjectStore } from '#store/object-store'
import type { TimelineState } from '#timeline/timeline-state'
import type { Stores } from './vault.ts'

export type Repairs = TimelineState['repairs']
type Which = 'vault' | 'keyring'

/** Where an object lies: itself, or the newest whole copy that a `repair` entry names. */
export function placeOf(repairs: Repairs, which: Which, name: ObjectName): ObjectName {
  return (repairs.get(`${which}:${name}`) ?? name) as ObjectName
}

/** Both stores, which read whole copies in the place of damaged objects. */
export function repairedStores({ keyring, store }: Stores, repairs: Repairs): Stores {
  return {
    store: repairedStore(store, 'vault', repairs),
    keyring: repairedStore(keyring, 'keyring', repairs),
  }
}

function repairedStore(store: ObjectStore, which: Which, repairs: Repairs): ObjectStore {
  if (repairs.size === 0) return store
  return {
    ...store,
    get: (name, options) => store.get(placeOf(repairs, which, name), options),
    async stat(name, signal) {
      const found = await store.stat(placeOf(repairs, which, name), signal)
      return found && { ...found, name }
    },
  }
}
