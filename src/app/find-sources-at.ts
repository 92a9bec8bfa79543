import type { CustomerMap } from '#customer/customer-map'
import type { SourceAt } from '#customer/map-at'
import { openRowIndex } from '#customer/open-row-index'
import { AppError } from '#stdx/app-error'
import { collect, mapConcurrent } from '#stdx/streams'
import { formatPoint } from '#timeline/format-point'
import { locatePoint } from '#timeline/locate-point'
import { type PointAddress, parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import type { ProgressSink } from './progress.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type FindSourcesAt = {
  readonly addresses: readonly string[]
  /** Names; `undefined`: every source of the vault. */
  readonly wanted?: Set<string>
  /** Told when an index is made anew. */
  readonly progress?: ProgressSink
  /** Asks the sources whose addresses are live; absent: such an address is refused. */
  readonly readLive?: (newest: readonly SourceAt[], signal: AbortSignal) => Promise<SourceAt[]>
}

/** Each waits for several small objects of the store. */
const SOURCES_AT_ONCE = 4

/**
 * Sources at one moment each: at the points that `addresses` name, a time or label without a source
 * for all of them, and the newest otherwise. Sources without a point are left out.
 * @throws timeline.address-invalid | timeline.point-unknown | vault.source-unknown
 */
export async function findSourcesAt(
  vault: Vault,
  { addresses, progress, readLive, wanted }: FindSourcesAt,
  signal: AbortSignal,
): Promise<SourceAt[]> {
  const asked = addresses.map(parsePointAddress)
  const names = await vault.listSources(signal)
  const unknown = asked.find(({ source }) => source !== null && !names.includes(source))
  if (unknown !== undefined) {
    const message = `Cannot find point "${unknown.text}": the vault has no such source`
    throw new AppError('vault.source-unknown', message, { text: unknown.text })
  }
  const sources = names.filter((source) => wanted?.has(source) !== false)
  const isLive = (source: string) =>
    addressOf(source, asked).kind === 'live' && readLive !== undefined
  const reading = mapConcurrent(sources, SOURCES_AT_ONCE, async (source) => {
    const state = await vault.readTimeline(source, signal)
    if (state.points.length === 0) return []
    const address = isLive(source) ? latestOf(source) : addressOf(source, asked)
    const point = await locatePoint(vault, state, address, signal)
    const deps = await vault.rowDeps(source, signal)
    const index = openRowIndex(vault, deps, progress && { progress })
    return [{ source, state, point, deps, index }]
  })
  const found: SourceAt[] = (await collect(reading)).flat()
  const asLive = found.filter(({ source }) => isLive(source))
  if (asLive.length === 0) return found
  const live = (await readLive?.(asLive, signal)) ?? []
  return found.map((at) => live.find(({ source }) => source === at.source) ?? at)
}

/** Which sources were asked themselves, as an answer says it; else nothing. */
export type LiveAnswer = {
  readonly live?: readonly {
    readonly source: string
    /** By the clock of the source. */
    readonly time: string
    /** The newest point of the vault by then. */
    readonly newest: string
  }[]
}

export function liveOf(sources: readonly SourceAt[]): LiveAnswer {
  const live = sources.flatMap(({ live, source }) => {
    if (live === undefined) return []
    return [{ source, time: live.time, newest: formatPoint(source, live.newest) }]
  })
  return live.length === 0 ? {} : { live }
}

/** Whether all that a map names of these sources is known to be so; the first that is not. */
export function provennessOfMap(
  sources: readonly SourceAt[],
  { entities }: Pick<CustomerMap, 'entities'>,
): Provenness {
  for (const at of sources) {
    const asked = entities.filter(({ source }) => source === at.source)
    const found = provennessOf(
      at,
      asked.map(({ entity }) => entity),
    )
    if (found.proven === false) return found
  }
  return {}
}

function addressOf(source: string, asked: readonly PointAddress[]): PointAddress {
  const own = asked.find((one) => one.source === source) ?? asked.find((one) => one.source === null)
  return own ?? latestOf(source)
}

function latestOf(source: string): PointAddress {
  return { source, text: `${source}@latest`, kind: 'latest' }
}
