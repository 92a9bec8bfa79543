import { AppError } from '#stdx/app-error'
import type { CaptureBody } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import { giveWay } from '#vault/give-way'
import type { Vault } from '#vault/vault'

/**
 * Commits a point after whatever was added meanwhile, unless that was another point: what it says
 * rests on the one that it names as its base.
 *
 * @param state the timeline as it was read last
 * @throws capture.conflict, and as `vault.append`
 */
export async function commitPoint(
  vault: Pick<Vault, 'append' | 'readTimeline'>,
  state: TimelineState,
  body: CaptureBody,
  signal: AbortSignal,
): Promise<{ readonly seq: number }> {
  const { source } = state
  return await giveWay(async (lost) => {
    const current = lost === 0 ? state : await vault.readTimeline(source, signal)
    if ((current.points.at(-1)?.seq ?? null) === body.base) {
      return await vault.append(current, body, signal)
    }
    const message = `Cannot commit a point of "${source}": somebody else backed it up meanwhile`
    throw new AppError('capture.conflict', message, { source })
  })
}
