import type { CustomerMap } from '#customer/customer-map'
import { type ClosureAt, type CustomerChange, diffClosures } from '#customer/diff-closures'
import { type Closure, findClosure } from '#customer/find-closure'
import { findParty, refuseAmbiguous, refuseUnknownSource } from '#customer/find-party'
import { formatMoment, mapAt, type SourceAt } from '#customer/map-at'
import { AppError, isAppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt, type LiveAnswer, liveOf, provennessOfMap } from './find-sources-at.ts'
import { type LiveSources, openLiveSources, type ReadLiveDeps } from './live/live-sources.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type DiffCustomerRequest = {
  readonly id: string
  readonly source: string | undefined
  readonly from: readonly string[]
  /** Points, or sources as they are now; the newest point of every source that none of them means. */
  readonly to: readonly string[]
  readonly file: string | undefined
}

/** What became of one customer between two moments, as `customer diff --json` prints it. */
export type CustomerDiff = Provenness &
  LiveAnswer & {
    readonly from: readonly string[]
    readonly to: readonly string[]
    readonly changes: readonly CustomerChange[]
    /** Whether both moments were looked at in full, no bound having cut one short. */
    readonly isWhole: boolean
  }

/**
 * What became of a customer and everything attached to it, over all systems of the map.
 * @throws customer.unknown when neither moment holds it | customer.source-unknown | customer.ambiguous
 * @throws app.map-not-found
 * @throws as `LiveSources.read` where a moment is live
 */
export async function diffCustomer(
  deps: Pick<Context, 'configPath'> & ReadLiveDeps,
  vault: Vault,
  request: DiffCustomerRequest,
  signal: AbortSignal,
): Promise<CustomerDiff> {
  const { map } = await readMap(deps, vault, request.file, signal)
  refuseUnknownSource(map, request.source)
  return await readAgain(async () => {
    await using live = openLiveSources(deps, vault, map)
    const asked = { ...request, progress: deps.progress, live }
    const from = await readMoment(vault, map, { ...asked, at: request.from }, signal)
    const to = await readMoment(vault, map, { ...asked, at: request.to }, signal)
    if (from.missing !== undefined && to.missing !== undefined) throw to.missing
    return {
      from: from.points,
      to: to.points,
      changes: await diffClosures(from, to, signal),
      isWhole: [from, to].every(({ closure }) => closure.isWhole && closure.bounded.length === 0),
      ...liveOf([...from.sources, ...to.sources]),
      ...to.provenness,
      ...from.provenness,
    }
  })
}

type MomentRequest = DiffCustomerRequest &
  Pick<Context, 'progress'> & { readonly at: readonly string[]; readonly live: LiveSources }

type Moment = ClosureAt & {
  readonly sources: readonly SourceAt[]
  readonly points: readonly string[]
  readonly provenness: Provenness
  /** Why there is no customer of that number. */
  readonly missing: AppError | undefined
}

const NOTHING: Closure = { records: [], bounded: [], barred: [], isWhole: true }

async function readMoment(
  vault: Vault,
  map: CustomerMap,
  { at, id, live, progress, source }: MomentRequest,
  signal: AbortSignal,
): Promise<Moment> {
  const wanted = new Set(map.entities.map((one) => one.source))
  const asked = { addresses: at, wanted, progress, readLive: live.read }
  const sources = await findSourcesAt(vault, asked, signal)
  const laid = mapAt(map, sources)
  const points = sources.map(formatMoment)
  const moment = { laid, points, sources, provenness: provennessOfMap(sources, map) }
  try {
    const found = await findParty(laid, { id, source, signal })
    const closure = await findClosure(laid, found.slice(0, 1), { bounds: map.bounds, signal })
    refuseAmbiguous(id, found, closure)
    return { ...moment, closure, missing: undefined }
  } catch (error) {
    if (!(error instanceof AppError && isAppError(error, 'customer.unknown'))) throw error
    return { ...moment, closure: NOTHING, missing: error }
  }
}
