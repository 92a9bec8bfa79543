import { AppError } from '#stdx/app-error'
import type { Chain } from './chain-slots.ts'
import { damageError, describeDamage } from './damage-error.ts'

/**
 * Whether anything may be written to a timeline as it was read. Whoever has much to write before asks
 * first, so that nothing of it lies there for nothing.
 * @throws timeline.damaged | timeline.format-unsupported
 */
export function refuseUnfit(
  read: Pick<Chain, 'source' | 'damagedFrom' | 'isUnsupported' | 'unknownKinds'>,
): void {
  const { damagedFrom, source, unknownKinds } = read
  if (damagedFrom !== null) {
    throw damageError(read, `Cannot write to timeline "${source}": ${describeDamage(read)}`)
  }
  const [kind] = unknownKinds
  if (kind === undefined) return
  const message = `Cannot write to timeline "${source}": it holds an entry of kind "${kind}", which this version does not know`
  throw new AppError('timeline.format-unsupported', message, { source, kind })
}
