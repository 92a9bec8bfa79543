import { entityAt } from '#history/entity-at'
import {
  type EntityVerdict,
  joinVerdicts,
  type Verdict,
  verifyEntities,
} from '#restore/verify-entities'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { openCompareDeps } from './live/compare-deps.ts'
import { openSystem } from './live/open-system.ts'
import { readAsCaptured } from './live/other-platform.ts'
import { findPoint } from './points/find-point.ts'
import { type Provenness, provennessOf, reasonOf } from './unproven.ts'

export type PointVerdict = Provenness & {
  readonly point: string
  readonly against: string
  readonly verdict: Verdict
  readonly entities: readonly EntityVerdict[]
}

export type VerifyPointDeps = Pick<
  Context,
  'openSource' | 'openTarget' | 'progress' | 'random' | 'readConfig'
>

/**
 * Whether a system holds what a point holds, record by record at one cut of the system.
 * `unproven` where something could not be looked at, or the point itself is; never *same* without having read everything.
 */
export async function verifyPoint(
  deps: VerifyPointDeps,
  vault: Vault,
  request: { readonly point: string; readonly against: string },
  signal: AbortSignal,
): Promise<PointVerdict> {
  const found = await findPoint(vault, request.point, signal)
  const { point, source: name, state } = found
  const address = formatPoint(name, point)
  const compare = await openCompareDeps(deps, vault, name, signal)
  const { connector, source: opened } = await openSystem(deps, request.against, signal)
  await using source = readAsCaptured(opened, { connector, found })
  await using cut = await source.openCut(signal)
  const held = new Set<string>(point.entities.map(({ entity }) => entity))
  const catalogue = await cut.readCatalogue((entity) => held.has(entity))
  const entities = point.entities.map(({ entity }) => entityAt(state, point, entity))
  const rows = entities.reduce((sum, { facts }) => sum + facts.rows, 0)
  deps.progress.begin({ label: `Verifying ${address}`, rows })
  const verdicts: EntityVerdict[] = []
  for await (const one of verifyEntities(compare, { catalogue, cut, entities }, signal)) {
    // A difference may be what the feed did not tell: it says nothing of the system.
    const reason = reasonOf(point, one.entity)
    verdicts.push(reason === undefined ? one : { ...one, verdict: 'unproven', reason })
  }
  deps.progress.end()
  const verdict = joinVerdicts(verdicts.map((one) => one.verdict))
  const proven = provennessOf({ point, source: name })
  return { point: address, against: request.against, verdict, entities: verdicts, ...proven }
}
