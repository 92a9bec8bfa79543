import type { CustomerMap } from '#customer/customer-map'
import { mayMint, parseKeyPolicies } from '#restore/key-policy'
import { entitiesOf } from '#restore/plan-restore'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { openCompareDeps } from '../live/compare-deps.ts'
import { asCaptured } from '../live/other-platform.ts'
import { findPoint } from '../points/find-point.ts'
import { readMapIfAny } from '../read-map.ts'
import {
  type RestoreDeps,
  type RestoreRequest,
  scopeOf,
  type TargetRequest,
} from '../restore-request.ts'
import { type GivenKeys, giveKeys } from './give-keys.ts'

/** By source: the keys that its records get, where others of the same restore name them. */
export type MintedSources = ReadonlyMap<string, GivenKeys>

/**
 * Gives keys in all targets of a restore whose systems name each other, before any of them is planned:
 * what is in one is written with the key that it gets in the other. Planning gives the same keys again,
 * or is void.
 *
 * @throws as `giveKeys`
 */
export async function mintSources(
  deps: RestoreDeps,
  vault: Vault,
  request: RestoreRequest,
  signal: AbortSignal,
): Promise<MintedSources> {
  const minted = new Map<string, GivenKeys>()
  const { mapFile, mapping, targets, undo } = request
  if (targets.length < 2 || mapping !== undefined || undo !== undefined) return minted
  if (!mayMint(parseKeyPolicies(request.keys ?? []))) return minted
  const map = await readMapIfAny(deps, vault, signal, mapFile)
  if (map === undefined || !isLinked(map)) return minted
  for (const chosen of targets) {
    const given = await mintTarget(deps, vault, { chosen, map, request }, signal)
    if (given !== null) minted.set(given.source, given.keys)
  }
  return minted
}

/** Whether records of one source name those of another. */
function isLinked({ entities }: CustomerMap): boolean {
  return entities.some(({ links, source }) => links.some(({ to }) => to.source !== source))
}

async function mintTarget(
  deps: RestoreDeps,
  vault: Vault,
  {
    chosen,
    map,
    request,
  }: {
    readonly chosen: TargetRequest
    readonly map: CustomerMap
    readonly request: RestoreRequest
  },
  signal: AbortSignal,
): Promise<{ readonly source: string; readonly keys: GivenKeys } | null> {
  const { target: name } = chosen
  const found = await findPoint(vault, chosen.point, signal)
  const { source } = found
  const compare = await openCompareDeps(deps, vault, source, signal)
  await using stack = new AsyncDisposableStack()
  const { system, target: opened } = await deps.openTarget(name, signal)
  stack.use(opened)
  const scope = scopeOf(request, chosen)
  const wanted = entitiesOf(scope, found.point)
  const seen = { connector: system.connector, entities: wanted, found }
  const { target } = asCaptured(opened, seen)
  const cut = stack.use(await target.openCut(signal))
  deps.progress.begin({ label: `Giving keys in ${name}` })
  const { identity } = target
  const giving = { compare, cut, found, identity, map, name, request, scope, wanted }
  const keys = await giveKeys(vault, giving, signal)
  return keys && { source, keys }
}

/** @throws restore.plan-void when other numbers were given than what other systems are written with */
export function refuseOtherKeys(target: string, given: GivenKeys, before: GivenKeys): void {
  const [now, then] = [given, before].map(({ numbers }) => JSON.stringify([...numbers].map(String)))
  if (now === then) return
  const found = `somebody took numbers in "${target}" while it was planned`
  throw new AppError('restore.plan-void', `Cannot plan the restore: ${found}`, { target })
}
