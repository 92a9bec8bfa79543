import { AppError } from '#stdx/app-error'
import type { Chain } from './chain-slots.ts'

type Damaged = Pick<Chain, 'source' | 'damagedFrom' | 'isUnsupported'>

/**
 * What to refuse with when a timeline cannot be relied on to its head. What a later version wrote is
 * no damage: the newest version reads it.
 */
export function damageError(
  { damagedFrom, isUnsupported, source }: Damaged,
  message: string,
): AppError {
  const code = isUnsupported ? 'timeline.format-unsupported' : 'timeline.damaged'
  return new AppError(code, message, { source, damagedFrom })
}

/** As a clause about the timeline. */
export function describeDamage({ damagedFrom, isUnsupported }: Omit<Damaged, 'source'>): string {
  if (!isUnsupported) return `it is damaged from entry ${damagedFrom} on`
  return `its entry ${damagedFrom} is of a format that this version does not know`
}
