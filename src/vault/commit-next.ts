import { AppError, isAppError } from '#stdx/app-error'
import type { EntryBody } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from './vault.ts'

type Decide = (state: TimelineState) => Promise<EntryBody | undefined> | EntryBody | undefined

/** How often an entry gives way to others that were first. */
const RACES_MAX = 20

/**
 * Commits what `decide` makes of a timeline as it is now, and decides anew whenever somebody else was
 * first. Nothing is committed when it decides on nothing.
 *
 * @throws vault.entry-refused when what it decides would not count
 */
export async function commitNext(
  vault: Vault,
  source: string,
  decide: Decide,
  signal: AbortSignal,
): Promise<{ readonly seq: number } | undefined> {
  for (let race = 0; ; race++) {
    const state = await vault.readTimeline(source, signal)
    const body = await decide(state)
    if (body === undefined) return undefined
    try {
      return await vault.append(state, body, signal)
    } catch (error) {
      if (!isAppError(error, 'timeline.lost-race') || race >= RACES_MAX) throw error
    }
  }
}

/**
 * The same without committing: whether what `decide` makes of a timeline would count.
 * @returns `undefined` always, for there is no entry
 * @throws vault.entry-refused when it would not
 */
export async function judgeNow(
  vault: Vault,
  source: string,
  decide: Decide,
  signal: AbortSignal,
): Promise<undefined> {
  const state = await vault.readTimeline(source, signal)
  const body = await decide(state)
  const refusal = body && (await vault.judge(state, body, signal))
  if (refusal === undefined) return undefined
  const message = `Cannot commit a ${body?.kind} to "${source}": ${refusal}`
  throw new AppError('vault.entry-refused', message, { source })
}
