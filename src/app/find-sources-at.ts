import type { CustomerMap } from '#customer/customer-map'
import type { SourceAt } from '#customer/map-at'
import { openRowIndex } from '#customer/open-row-index'
import { AppError } from '#stdx/app-error'
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
}

/**
 * Sources at one moment each: at the points that `addresses` name, a time or label without a source
 * for all of them, and the newest otherwise. Sources without a point are left out.
 * @throws timeline.address-invalid | timeline.point-unknown | vault.source-unknown
 */
export async function findSourcesAt(
  vault: Vault,
  { addresses, progress, wanted }: FindSourcesAt,
  signal: AbortSignal,
): Promise<SourceAt[]> {
  const asked = addresses.map(parsePointAddress)
  const names = await vault.listSources(signal)
  const unknown = asked.find(({ source }) => source !== null && !names.includes(source))
  if (unknown !== undefined) {
    const message = `Cannot find point "${unknown.text}": the vault has no such source`
    throw new AppError('vault.source-unknown', message, { text: unknown.text })
  }
  const found: SourceAt[] = []
  for (const source of names) {
    if (wanted !== undefined && !wanted.has(source)) continue
    const state = await vault.readTimeline(source, signal)
    if (state.points.length === 0) continue
    const point = await locatePoint(vault, state, addressOf(source, asked), signal)
    const deps = await vault.rowDeps(source, signal)
    const index = openRowIndex(vault, deps, progress && { progress })
    found.push({ source, state, point, deps, index })
  }
  return found
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
  return own ?? { source, text: `${source}@latest`, kind: 'latest' }
}
