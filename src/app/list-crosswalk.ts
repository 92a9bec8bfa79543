import { Crosswalk, type CrosswalkLine } from '#restore/crosswalk'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { LineState } from '#timeline/line-restores'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { linesGiven } from './crosswalk/open-crosswalk.ts'
import { readLines } from './crosswalk/read-crosswalk.ts'

/** A record and what it is called in a target, with the restore that said so and what that is worth. */
export type ListedLine = CrosswalkLine & {
  readonly restore: string
  /** When the restore began, ISO 8601. */
  readonly time: string
  readonly state: LineState | 'replaced'
}

/**
 * What restores wrote down about the keys of records in a target, oldest first. The target itself is not
 * asked. A name means the system that restores under it went to last.
 *
 * @param isAll also lines that count no more
 * @throws config.name-unknown, and as `readLines`
 */
export async function* listCrosswalk(
  { readConfig }: Pick<Context, 'readConfig'>,
  vault: Vault,
  { isAll, target }: { readonly target: string; readonly isAll: boolean },
  signal: AbortSignal,
): AsyncGenerator<ListedLine, void, undefined> {
  const { begun } = await vault.readRestores(signal)
  const newest = begun.findLast(({ body }) => body.target === target)
  if (newest === undefined) return refuseUnknown(Object.keys((await readConfig()).targets), target)
  const all = await readLines(vault, newest.body.identity, signal)
  const known = new Crosswalk(linesGiven(all))
  for (const { begun, lines, state } of all) {
    const isGiven = state === 'written' || state === 'open'
    const { body, time } = begun
    for (const line of lines) {
      const isReplaced = isGiven && known.find(line, line.targetEntity) !== line
      if (!isAll && (!isGiven || isReplaced)) continue
      yield { ...line, restore: body.restore, time, state: isReplaced ? 'replaced' : state }
    }
  }
}

/** Nothing was ever put back into it: that is an answer where it is known. */
function refuseUnknown(known: readonly string[], name: string): void {
  if (known.includes(name)) return
  const found = `the configuration has no such target${didYouMean(name, known)}`
  throw new AppError('config.name-unknown', `Cannot list keys of "${name}": ${found}`, { name })
}
