import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { isS3Url, isStoreUrl, parseS3Url } from '#config/place'

/** The first of `places` that a place is, or lies in, also behind links; the place need not be there yet. */
export async function findAround(
  place: string,
  places: readonly string[],
): Promise<string | undefined> {
  for (const one of places) if (await liesIn(place, one)) return one
  return undefined
}

async function liesIn(place: string, outer: string): Promise<boolean> {
  if (isS3Url(place) && isS3Url(outer)) return liesInBucket(place, outer)
  if (isStoreUrl(place) || isStoreUrl(outer)) return false
  return isBelow(await realPathOf(resolve(place)), await realPathOf(resolve(outer)), sep)
}

function liesInBucket(place: string, outer: string): boolean {
  const [inner, around] = [parseS3Url(place), parseS3Url(outer)]
  const isSame = inner.bucket === around.bucket && inner.endpoint === around.endpoint
  return isSame && (around.prefix === '' || isBelow(inner.prefix, around.prefix, '/'))
}

function isBelow(path: string, outer: string, separator: string): boolean {
  return `${path}${separator}`.startsWith(`${outer}${separator}`)
}

/** Where a path leads, however far it is there. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    // Below a file nothing can be: who wants a folder there says so.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
    if (!isMissing || dirname(path) === path) throw error
    return join(await realPathOf(dirname(path)), basename(path))
  }
}
