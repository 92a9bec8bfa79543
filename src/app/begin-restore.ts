import { createHash } from 'node:crypto'
import { formatPreImage } from '#restore/pre-image'
import { countWrites, type RestorePlan } from '#restore/restore-plan'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { isSame, listOpenRestores } from '#timeline/open-restores'
import type { Vault } from '#vault/vault'
import type { PlannedTarget } from './plan-target.ts'
import type { RestoreRequest } from './restore-request.ts'

export type ToBegin = {
  /** Its id. */
  readonly restore: string
  readonly plan: RestorePlan
  readonly planned: Pick<PlannedTarget, 'prepared' | 'scope' | 'target'>
  readonly request: Pick<RestoreRequest, 'isDeleteAllowed'>
}

/**
 * Says in the vault that a restore begins, and keeps what it is about to change. Durable when it
 * resolves, and not before: nothing may be written to the target until then.
 *
 * @returns ids of restores that were interrupted when the same was asked for; this one settles them
 */
export async function beginRestore(
  vault: Vault,
  { plan, planned, request: { isDeleteAllowed }, restore }: ToBegin,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { prepared, scope, target } = planned
  const { identity } = target
  const { point, target: name, undoes, undone } = plan
  const taken = { ...(undone && { undone: undone.point }), ...(undoes && { undoes }) }
  const asked = { point, target: name, ...taken, isDeleteAllowed, scope: JSON.stringify(scope) }
  const request = createHash('sha256').update(formatCanonicalJson(asked)).digest('hex')
  const open = listOpenRestores(await vault.readRestores(signal))
  const entities = prepared.entities.flatMap((planned) => {
    const { delete: deletes, entity, insert, update } = planned.step
    const isNew = planned.described === null
    if (!isNew && countWrites(planned.step) === 0) return []
    const counts = { insert, update, delete: deletes }
    return [{ entity, isNew, ...counts, read: () => formatPreImage(planned) }]
  })
  const facts = { restore, plan: plan.plan, request, point, ...taken, target: name, identity }
  await vault.beginRestore({ ...facts, entities }, signal)
  return open.filter((one) => isSame(one, { identity, request })).map(({ body }) => body.restore)
}
