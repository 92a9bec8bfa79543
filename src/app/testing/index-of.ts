import type { SourceAt } from '#customer/map-at'
import { openRowIndex } from '#customer/open-row-index'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import type { IndexPlace } from '#vault/vault'

export type IndexInHand = {
  readonly place: IndexPlace
  /** Segments that were indexed, by what progress told. */
  readonly made: string[]
}

export function indexIn(folder: string, change: Partial<IndexPlace> = {}): IndexInHand {
  const key = new Uint8Array(32).fill(7)
  const place = { folder, key, random: systemRandom, clock: systemClock, bytesMax: 1e9 }
  return { place: { ...place, ...change }, made: [] }
}

/** The same sources as somebody who asks anew sees them, with an index that writes every segment down. */
export function withIndex(
  sources: readonly SourceAt[],
  { made, place }: IndexInHand,
  smallVersions = 0,
): SourceAt[] {
  const progress = {
    begin: ({ label }: { readonly label: string }) => {
      made.push(label)
    },
    add: () => {},
    end: () => {},
  }
  return sources.map((one) => {
    const deps = { ...one.deps }
    const index = openRowIndex({ indexPlace: place }, deps, { progress, smallVersions })
    return { ...one, deps, index }
  })
}

export function withoutIndex(sources: readonly SourceAt[]): SourceAt[] {
  return sources.map(({ index: _, ...rest }) => rest)
}
