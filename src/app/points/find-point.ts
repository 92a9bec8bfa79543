import { AppError } from '#stdx/app-error'
import { locatePoint } from '#timeline/locate-point'
import { type PointAddress, parsePointAddress } from '#timeline/resolve-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'

export type FoundPoint = {
  readonly source: string
  readonly state: TimelineState
  readonly point: Point
}

/**
 * The one recovery point that an address of one source means.
 * @throws timeline.address-invalid | timeline.point-unknown | vault.source-unknown
 */
export async function findPoint(
  vault: Vault,
  text: string,
  signal: AbortSignal,
): Promise<FoundPoint> {
  const address = parsePointAddress(text)
  if (address.source === null && address.kind === 'label') {
    const found = await findLabelled(vault, address, signal)
    if (found !== undefined) return found
  }
  if (address.source === null) {
    const message = `Cannot use point "${text}": it stands for every source, need one, like erp${text}`
    throw new AppError('app.source-missing', message, { text })
  }
  // A point that is named by its number can be had of a timeline whose end was lost or taken away.
  const isNumbered = address.kind === 'seq'
  const state = isNumbered
    ? await vault.readGoodPart(address.source, signal)
    : await vault.readTimeline(address.source, signal)
  const point = await locatePoint(vault, state, address, signal)
  return { source: address.source, state, point }
}

/** A label without a source stands for every source: it is one point where only one bears it. */
async function findLabelled(
  vault: Vault,
  address: Extract<PointAddress, { kind: 'label' }>,
  signal: AbortSignal,
): Promise<FoundPoint | undefined> {
  const found: FoundPoint[] = []
  for (const source of await vault.listSources(signal)) {
    const state = await vault.readTimeline(source, signal)
    if (state.points.byLabel(address.label) === undefined) continue
    found.push({ source, state, point: await locatePoint(vault, state, address, signal) })
  }
  return found.length === 1 ? found[0] : undefined
}

/** Whether an address means the system itself, `erp@live`. */
export function isLiveAddress(text: string): boolean {
  return parsePointAddress(text).kind === 'live'
}

/** The source of a live address; `other` of one that names none. */
export function parseLiveAddress(text: string, other: string): string {
  return parsePointAddress(text).source ?? other
}
