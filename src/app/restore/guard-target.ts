import type { Target } from '#connector/connector'
import type { SideEffect } from '#connector/side-effect'
import { guardSideEffects } from '#restore/guard-side-effects'
import type { PreparedRestore } from '#restore/prepared-restore'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import { readMapIfAny } from '../read-map.ts'
import type { RestoreRequest } from '../restore-request.ts'

type Unguarded<Prepared extends PreparedRestore> = {
  readonly prepared: Prepared
  readonly request: Pick<RestoreRequest, 'mapFile' | 'mayRunSideEffects'>
  /** What it was captured from. */
  readonly source: string
  readonly target: Target
}

/**
 * Adds to a plan what its writes would set off, in the target itself and, as the customer map says of
 * the source, by programs around it. The target that comes back lets run only what was accepted.
 *
 * @throws customer.map-invalid | connector.denied
 */
export async function guardTarget<Prepared extends PreparedRestore>(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  { prepared, request, source, target }: Unguarded<Prepared>,
  signal: AbortSignal,
): Promise<{ prepared: Prepared; target: Target }> {
  const map = await readMapIfAny(deps, vault, signal, request.mapFile)
  const declared = (map?.sideEffects.get(source) ?? []).map(
    ({ entity, what }): SideEffect => ({ kind: 'declared', name: what, entity, state: 'runs' }),
  )
  const isAccepted = request.mayRunSideEffects === true
  return await guardSideEffects({ declared, isAccepted, prepared, target }, signal)
}
