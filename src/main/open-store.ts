import { tmpdir } from 'node:os'
import { isS3Url, isStoreUrl, parseS3Url } from '#config/place'
import { parseObjectLock } from '#config/settings'
import { AppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { openLocalStore } from '#store/local/local-store'
import { createLocalRoot } from '#store/local/local-writer'
import type { ObjectStore } from '#store/object-store'
import { openS3Store } from '#store/s3/s3-store'

/**
 * The store at a place: an absolute path, or a URL. Opening does no I/O.
 *
 * @param tempDir where what is sent to a bucket may wait
 * @throws app.store-unsupported | config.place-invalid
 */
export function openStore(place: string, tempDir = tmpdir()): ObjectStore {
  if (!isStoreUrl(place)) return openLocalStore({ root: place, random: systemRandom })
  if (!isS3Url(place)) throw unsupported(place)
  const { bucket, endpoint, objectLock, pathStyle, prefix, profile, region } = parseS3Url(place)
  return openS3Store({
    place: {
      bucket,
      prefix,
      endpoint,
      region,
      profile,
      isPathStyle: pathStyle ?? endpoint !== undefined,
      lock: objectLock === undefined ? undefined : parseObjectLock(objectLock),
    },
    tempDir,
    clock: systemClock,
    random: systemRandom,
  })
}

/** The same, making the folder when it is not there. A bucket is made by whoever administers it. */
export async function createStore(place: string, tempDir = tmpdir()): Promise<ObjectStore> {
  if (!isStoreUrl(place)) await createLocalRoot(place)
  return openStore(place, tempDir)
}

function unsupported(place: string): AppError {
  const scheme = place.slice(0, place.indexOf(':'))
  const message = `Cannot open the store at "${scheme}://": found that kind of URL, wanted a folder or s3://`
  return new AppError('app.store-unsupported', message, { scheme })
}
