import type { PlacedSegment, SegmentReadDeps } from '#segment/segment'
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

/**
 * The same of a source with some segments laid over those of the vault: what finds records in these is
 * another index, which goes with them.
 */
export function layIndexOver(
  vault: Pick<RowIndex, 'findVersions'>,
  over: Pick<RowIndex, 'findVersions'>,
  isOver: (placed: PlacedSegment) => boolean,
): Pick<RowIndex, 'findVersions'> {
  return {
    async findVersions(at, wanted, signal) {
      const own = at.segments.filter(isOver)
      const rest = at.segments.filter((placed) => !isOver(placed))
      const below = await vault.findVersions({ ...at, segments: rest }, wanted, signal)
      if (below === undefined || own.length === 0) return below
      const above = await over.findVersions({ ...at, segments: own }, wanted, signal)
      return above && [...below, ...above]
    },
  }
}
