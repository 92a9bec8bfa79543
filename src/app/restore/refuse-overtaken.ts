import { isSameSystem } from '#record/cut'
import { AppError } from '#stdx/app-error'
import type { RestoreFacts } from '#timeline/fold-facts'
import { listRolledBack } from '#timeline/open-restores'
import type { PlannedTarget } from './plan-target.ts'

export type Overtaking = {
  /** Ids of restores that had begun before the target was looked at, and of those of this very request. */
  readonly known: ReadonlySet<string>
  /** Its name. */
  readonly name: string
  readonly target: Pick<PlannedTarget['target'], 'identity'>
}

/**
 * What another restore writes is not always a row that this one writes too: equal records get other numbers, and
 * rows without a key are nobody's. So its beginning alone voids a plan.
 *
 * @throws app.restore-overtaken naming the other one
 */
export function refuseOvertaken(
  { begun, restores }: Pick<RestoreFacts, 'begun' | 'restores'>,
  { known, name, target }: Overtaking,
): void {
  const refused = listRolledBack({ restores })
  const other = begun.find(({ body }) => {
    const isWriting = body.entities.length > 0 || body.crosswalk !== undefined
    const isNews = !known.has(body.restore) && !refused.has(body.restore)
    return isWriting && isNews && isSameSystem(body.identity, target.identity)
  })
  if (other === undefined) return
  const { restore } = other.body
  const message = `Cannot restore into "${name}": restore ${restore} began there after the target had been looked at`
  throw new AppError('app.restore-overtaken', message, { target: name, restore })
}
