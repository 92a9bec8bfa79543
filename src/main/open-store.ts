import { isStoreUrl } from '#config/load-config'
import { AppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { openLocalStore } from '#store/local/local-store'
import { createLocalRoot } from '#store/local/local-writer'
import type { ObjectStore } from '#store/object-store'

/**
 * The store at a place: an absolute path, or a URL. Opening does no I/O.
 *
 * @throws app.store-unsupported
 */
export function openStore(place: string): ObjectStore {
  refuseUrl(place)
  return openLocalStore({ root: place, random: systemRandom })
}

/** The same, making the folder when it is not there. */
export async function createStore(place: string): Promise<ObjectStore> {
  refuseUrl(place)
  await createLocalRoot(place)
  return openStore(place)
}

function refuseUrl(place: string): void {
  if (!isStoreUrl(place)) return
  const scheme = place.slice(0, place.indexOf(':'))
  const message = `Cannot open the store at "${scheme}://": found a URL, wanted a folder`
  throw new AppError('app.store-unsupported', message, { scheme })
}
