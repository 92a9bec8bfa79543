import type { Cut } from '#record/cut'
import { AppError } from '#stdx/app-error'
import type { SlotFacts } from './feed-facts.ts'
import { formatLsn, parseLsn, parsePosition } from './lsn.ts'

export type SlotQuestion = {
  readonly name: string
  readonly after: Pick<Cut, 'position' | 'identity'>
  /** Of the server that is there now. */
  readonly identity: Cut['identity']
  readonly slot: SlotFacts | undefined
  /** The current timeline, and where it and those before it began: what `TIMELINE_HISTORY` says. */
  readonly timeline: number
  readonly timelineEnds: ReadonlyMap<number, bigint>
}

/** Why what was committed behind `after` cannot be had from the slot; `undefined` when it can. */
export function judgeSlot(question: SlotQuestion): AppError | undefined {
  const { after, identity, name, slot } = question
  const refused = (code: Code, found: string) =>
    new AppError(code, `Cannot go on with the feed "${name}" after ${after.position}: ${found}`, {
      name,
      after: after.position,
    })
  if (identity.system !== after.identity.system || identity.database !== after.identity.database) {
    const found = `it is of system ${after.identity.system}, database ${after.identity.database}`
    return refused('connector.feed-other-source', `${found}, found another`)
  }
  const { lsn, timeline } = parsePosition(after.position)
  if (timeline !== question.timeline) {
    const end = question.timelineEnds.get(timeline)
    if (end === undefined || lsn > end) {
      const where = end === undefined ? 'never passed there' : `left it at ${formatLsn(end)}`
      const found = `the server is on timeline ${question.timeline} and ${where}`
      return refused('connector.feed-diverged', found)
    }
  }
  if (slot === undefined) return refused('connector.feed-missing', 'the slot is not there any more')
  if (isGivenUp(slot)) {
    const reason = slot.invalidation ?? 'the log it needs is gone'
    return refused('connector.feed-invalidated', `the server gave the slot up: ${reason}`)
  }
  if (slot.plugin !== 'pgoutput' || slot.isTwoPhase) {
    const found = `there is another kind of slot: plugin ${slot.plugin}`
    return refused('connector.feed-exists', slot.isTwoPhase ? `${found}, two-phase` : found)
  }
  const confirmed = slot.confirmedLsn === null ? undefined : parseLsn(slot.confirmedLsn)
  if (confirmed === undefined || confirmed > lsn) {
    const found = `somebody else took what came behind it, up to ${slot.confirmedLsn}`
    return refused('connector.feed-passed', found)
  }
  if (parseLsn(slot.endLsn) + HEADER_BYTES_MAX < lsn) {
    return refused('connector.feed-rewound', `the log of the server ends at ${slot.endLsn}`)
  }
  return undefined
}

export function isGivenUp(slot: SlotFacts): boolean {
  return slot.walStatus === 'lost' || slot.invalidation !== null || slot.restartLsn === null
}

/** Two positions between the same records may differ by the header of a page. */
export const HEADER_BYTES_MAX = 40n

type Code =
  | 'connector.feed-missing'
  | 'connector.feed-invalidated'
  | 'connector.feed-passed'
  | 'connector.feed-rewound'
  | 'connector.feed-diverged'
  | 'connector.feed-other-source'
  | 'connector.feed-exists'
