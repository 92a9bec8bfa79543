import type { SourceCut, TargetWrite } from '#connector/connector'
import { type Counter, findEnd, mayGive } from '#connector/counter'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import type { CounterMove } from './restore-plan.ts'
import type { StepSpool } from './step-spool.ts'

/** A counter of the target that planned rows leave behind, and the furthest number among them. */
export type PlannedMove = { readonly counter: Counter; readonly to: bigint }

/** What has planned moves: one entity of a plan. */
type MovingEntity = {
  readonly moves: readonly PlannedMove[]
  readonly step: { readonly entity: EntityName }
}

/** Where the target takes numbers of new records from. */
export async function findCounters(
  cut: Pick<SourceCut, 'readCounters'>,
  described: DescribedEntity | null,
): Promise<readonly Counter[]> {
  return described === null ? [] : ((await cut.readCounters?.(described)) ?? [])
}

/** Those that would give a number that a planned row bears, or may: where nobody may look. */
export function planMoves(counters: readonly Counter[], spool: StepSpool): PlannedMove[] {
  return counters.flatMap((counter) => {
    const range = spool.rangeOf(counter.field)
    if (range === undefined) return []
    const to = counter.step > 0n ? range.most : range.least
    return mayGive(counter, to) ? [{ counter, to }] : []
  })
}

/** The moves as a plan tells them; absent where there are none. */
export function tellMoves(entities: readonly MovingEntity[]): { counters?: CounterMove[] } {
  const counters = entities.flatMap(({ moves, step }) =>
    moves.map((move) => {
      const missing = move.counter.moving?.missingGrant ?? null
      const refused = missing === null ? null : `need ${missing}`
      return tellMove(step.entity, move, findEnd(move.counter, move.to) ?? refused)
    }),
  )
  return counters.length === 0 ? {} : { counters }
}

/** Moves them, after the rows. One that cannot be moved is told, and stops nothing. */
export async function moveCounters(
  write: Pick<TargetWrite, 'moveCounter'>,
  entities: readonly MovingEntity[],
): Promise<{ counters?: CounterMove[] }> {
  const counters: CounterMove[] = []
  for (const { moves, step } of entities) {
    for (const move of moves) {
      const { counter, to } = move
      const refused = counter.moving && ((await write.moveCounter?.(counter, to)) ?? null)
      counters.push(tellMove(step.entity, move, refused))
    }
  }
  return counters.length === 0 ? {} : { counters }
}

/** Nothing moves a counter past its end. */
function tellMove(
  entity: EntityName,
  { counter, to }: PlannedMove,
  refused: string | null,
): CounterMove {
  const { field, moving, name } = counter
  const told = { entity, field, counter: name, to: String(to) }
  if (refused === null || moving === null) return told
  return { ...told, refused, ...(findEnd(counter, to) === null && { sql: moving.sql(to) }) }
}
