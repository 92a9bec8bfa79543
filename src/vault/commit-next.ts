import { AppError } from '#stdx/app-error'
import { describeKind } from '#timeline/describe-kind'
import type { EntryBody } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import { giveWay } from './give-way.ts'
import type { Vault } from './vault.ts'

type Decide = (state: TimelineState) => Promise<EntryBody | undefined> | EntryBody | undefined

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
  return await giveWay(async () => {
    const state = await vault.readTimeline(source, signal)
    const body = await decide(state)
    return body && (await vault.append(state, body, signal))
  })
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
  const message = `Cannot commit ${describeKind(body?.kind ?? '')} to "${source}": ${refusal}`
  throw new AppError('vault.entry-refused', message, { source })
}
