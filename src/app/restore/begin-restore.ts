import { createHash } from 'node:crypto'
import { formatCrosswalk, type NewCrosswalk } from '#restore/crosswalk'
import { formatPreImage } from '#restore/pre-image'
import { countWrites, type RestorePlan } from '#restore/restore-plan'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { isSame, listOpenRestores, listRolledBack } from '#timeline/open-restores'
import type { Vault } from '#vault/vault'
import type { RestoreRequest } from '../restore-request.ts'
import type { PlannedTarget } from './plan-target.ts'

export type ToBegin = {
  /** Its id. */
  readonly restore: string
  readonly plan: RestorePlan
  /** Called when all is kept, right before the vault says that it begins. */
  readonly ready: () => Promise<void>
  readonly planned: Pick<PlannedTarget, 'fits' | 'mapping' | 'prepared' | 'scope' | 'target'>
  readonly request: Pick<
    RestoreRequest,
    'isDeleteAllowed' | 'keys' | 'missingParents' | 'onConflict'
  >
}

/** Earlier restores of the same system that were asked for in the same words. */
export type Begun = {
  /** Those that were interrupted: this one settles them. */
  readonly settles?: readonly string[]
  /** Of a restore that finds nothing to write: the newest that ended and wrote something. */
  readonly earlier?: string
}

/**
 * Says in the vault that a restore begins, and keeps what it is about to change. Durable when it
 * resolves, and not before: nothing may be written to the target until then.
 */
export async function beginRestore(
  vault: Vault,
  { plan, planned, ready, request: asking, restore }: ToBegin,
  signal: AbortSignal,
): Promise<Begun> {
  const { fits = [], mapping, prepared, scope, target } = planned
  const { identity } = target
  const { point, target: name, undoes, undone } = plan
  const back = { ...(undone && { undone: undone.point }), ...(undoes && { undoes }) }
  const shape = { ...(mapping && { mapping }), ...(fits.length > 0 && { fits: [...fits] }) }
  const taken = { ...back, ...shape }
  const { isDeleteAllowed, keys = [], missingParents = 'refuse', onConflict = [] } = asking
  const how = { isDeleteAllowed, missingParents, onConflict, ...(keys.length > 0 && { keys }) }
  const words = { ...how, scope: JSON.stringify(scope) }
  const asked = { point, target: name, ...taken, ...words }
  const request = createHash('sha256').update(formatCanonicalJson(asked)).digest('hex')
  const known = await vault.readRestores(signal)
  const entities = prepared.entities.flatMap((planned) => {
    const { delete: deletes, entity, insert, update } = planned.step
    const isNew = planned.described === null
    if (!isNew && countWrites(planned.step) === 0) return []
    const counts = { insert, update, delete: deletes }
    return [{ entity, isNew, ...counts, read: () => formatPreImage(planned) }]
  })
  const facts = { restore, plan: plan.plan, request, point, ...taken, target: name, identity }
  await vault.beginRestore({ ...facts, entities, ...toKeep(prepared) }, signal, ready)
  const same = known.begun.filter((one) => isSame(one, { identity, request }))
  const open = new Set(listOpenRestores(known))
  const settles = same.filter((one) => open.has(one)).map(({ body }) => body.restore)
  if (settles.length > 0) return { settles }
  const refused = listRolledBack(known)
  const wrote = same.filter(({ body }) => body.entities.length > 0 && !refused.has(body.restore))
  const earlier = wrote.at(-1)?.body.restore
  return entities.length === 0 && earlier !== undefined ? { earlier } : {}
}

/** Nothing where records keep their keys. */
function toKeep({ crosswalk }: { readonly crosswalk?: NewCrosswalk }) {
  if (crosswalk === undefined) return {}
  const { gone, lines, written } = crosswalk
  const read = () => formatCrosswalk(lines)
  return { crosswalk: { lines: lines.length, written: [...written], gone: [...gone], read } }
}
