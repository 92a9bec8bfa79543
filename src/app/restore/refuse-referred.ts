import type { ReferredRecord } from '#restore/referring-records'
import type { RestorePlan } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'

/** @throws restore.still-referred naming the first of what would be deleted */
export function refuseReferred({ referred = [], target }: RestorePlan): void {
  if (referred.length === 0) return
  const named = referred.slice(0, NAMED_MAX).map(nameOf).join('; ')
  const more = referred.length - NAMED_MAX
  const rest = more > 0 ? `; and ${more} more` : ''
  const message = `Cannot restore into "${target}": rows that stay refer to what would be deleted, ${named}${rest}`
  throw new AppError('restore.still-referred', message, { target, referred: referred.length })
}

const NAMED_MAX = 5

function nameOf({ entity, key, referredBy }: ReferredRecord): string {
  const { records } = referredBy
  const first = referredBy.key === null ? '' : `:${referredBy.key}`
  const more = records === 1 ? '' : ` and ${records - 1} more`
  return `${entity}:${key} by ${referredBy.entity}${first}${more}`
}
