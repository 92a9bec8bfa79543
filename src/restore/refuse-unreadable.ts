import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'

/** @throws restore.unreadable */
export function refuseUnreadable(described: DescribedEntity | null): void {
  if (described === null || described.missingGrant === null) return
  const { entity, missingGrant } = described
  throw new AppError(
    'restore.unreadable',
    `Cannot compare "${entity}" on the target: it may not be read, need ${missingGrant}`,
    { entity },
  )
}
