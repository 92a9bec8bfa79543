import type { BegunFact, RestoreFacts } from './fold-facts.ts'
import { listRolledBack } from './open-restores.ts'

/**
 * What became of a restore that gave records keys of the target's own. `open`: it was interrupted, or
 * still runs, and nothing says yet whether it wrote.
 */
export type LineState = 'written' | 'undone' | 'gone' | 'open'

export type LineRestore = { readonly begun: BegunFact; readonly state: LineState }

/**
 * Restores that keep lines of a crosswalk, oldest first, each with what became of it. A restore that
 * ended counts. One that was interrupted is what a later one, that ended, found of it in the target.
 * Undoing takes lines back, and undoing that gives them again. Pure.
 */
export function listLineRestores({
  begun,
  restores,
}: Pick<RestoreFacts, 'begun' | 'restores'>): LineRestore[] {
  const refused = listRolledBack({ restores })
  const ended = restores.filter(({ body }) => !refused.has(body.restore))
  const done = new Set(ended.map(({ body }) => body.restore))
  const undone = listUndone(ended.map(({ body }) => body))
  const found = new Map<string, LineState>()
  for (const { body } of begun) {
    if (!done.has(body.restore)) continue
    for (const id of body.crosswalk?.written ?? []) found.set(id, 'written')
    for (const id of body.crosswalk?.gone ?? []) found.set(id, 'gone')
  }
  return begun.flatMap((one) => {
    const { crosswalk, restore } = one.body
    if (crosswalk === undefined || crosswalk.lines === 0) return []
    return [{ begun: one, state: judge(restore, { done, found, refused, undone }) }]
  })
}

type Known = {
  readonly done: ReadonlySet<string>
  readonly found: ReadonlyMap<string, LineState>
  readonly refused: ReadonlySet<string>
  readonly undone: ReadonlySet<string>
}

function judge(restore: string, { done, found, refused, undone }: Known): LineState {
  if (refused.has(restore)) return 'gone'
  if (undone.has(restore)) return 'undone'
  if (done.has(restore)) return 'written'
  return found.get(restore) ?? 'open'
}

/** Those of which an undoing is in force: one that was undone itself is not. */
function listUndone(
  ended: readonly { readonly restore: string; readonly undoes?: string | undefined }[],
): ReadonlySet<string> {
  const undone = new Set<string>()
  // An undoing is later than what it undoes: from the newest on, each is known before it is asked for.
  for (const { restore, undoes } of ended.toReversed()) {
    if (undoes !== undefined && !undone.has(restore)) undone.add(undoes)
  }
  return undone
}
