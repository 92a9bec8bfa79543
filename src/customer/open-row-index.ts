import type { SegmentReadDeps } from '#segment/segment'
import type { Vault } from '#vault/vault'
import { type IndexProgress, RowIndex } from './index/row-index.ts'

/**
 * What finds records of a source without reading them all; `undefined` where nothing may be kept, or
 * nothing is to be. Nothing is opened or made before it is asked for.
 */
export function openRowIndex(
  { indexPlace: place }: Pick<Vault, 'indexPlace'>,
  deps: SegmentReadDeps,
  options: { readonly progress?: IndexProgress; readonly smallVersions?: number } = {},
): RowIndex | undefined {
  if (place === undefined || place.bytesMax === 0) return undefined
  return new RowIndex(deps, { place, progress: options.progress, ...options })
}
