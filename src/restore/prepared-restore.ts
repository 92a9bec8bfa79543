import type { EntityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { PostingRule } from './closed-periods.ts'
import type { NewCrosswalk } from './crosswalk.ts'
import type { EmptiedReference } from './empty-references.ts'
import type { PlannedMove } from './move-counters.ts'
import type { Need } from './needed-records.ts'
import type { PickedRecords } from './pick-records.ts'
import type { LeftRecords, ThreeWayRequest } from './record-decisions.ts'
import type { EntityStep, RestoreScope, TargetPlan } from './restore-plan.ts'
import type { Undone } from './restored-records.ts'
import type { StepSpool } from './step-spool.ts'

export type PlanRequest = {
  readonly state: TimelineState
  readonly point: Point
  readonly target: string
  readonly scope: RestoreScope
  /** Rows that the point does not hold are deleted; else they are left and counted. */
  readonly isDeleteAllowed: boolean
  /** How conflicts are judged and decided; without it nothing is known of what happened since. */
  readonly threeWays?: ThreeWayRequest
  /** What the customer map says that rows need, beside what foreign keys say. */
  readonly links?: readonly Need[]
  /** Where what is posted in closed periods must not be changed. */
  readonly posting?: readonly PostingRule[]
  /** References that are not put back, because what they name is not there. */
  readonly emptied?: readonly EmptiedReference[]
}

/** One entity of a plan with the rows it would write. */
export type PlannedEntity = {
  readonly at: EntityAt
  readonly step: EntityStep
  /** `null`: the table is to be created and takes all rows of the point, or those of `spool`. */
  readonly described: DescribedEntity | null
  readonly spool: StepSpool | null
  /** Only these records; `null` for the whole entity. */
  readonly picked: PickedRecords | null
  /** Beside them, keys in hex of what came to it after the point: deleted where that is allowed. */
  readonly added: ReadonlySet<string>
  /** Counters of the target that its rows leave behind. */
  readonly moves: readonly PlannedMove[]
  /** Of an undo, which is about the records of one transaction or restore; `at` is right before it. */
  readonly undo: PlannedUndo | null
  /** What stays as the target has it, though the point says otherwise. */
  readonly left: LeftRecords
  /** Rows that the target has of it, whatever they hold. */
  readonly targetRows: number
}

export type PlannedUndo = {
  readonly undone: Undone
  /** Records that the transaction, or the restore, changed. */
  readonly touched: number
  /** Keys, in hex, of those that are left as they are. */
  readonly conflicts: ReadonlySet<string>
}

/** A plan with everything that carrying it out needs; holds spools until disposed. */
export type PreparedRestore = AsyncDisposable & {
  readonly plan: TargetPlan
  /** Over every single write, and nothing that is left alone. */
  readonly writesHash: string
  readonly point: Point
  /** In the order in which rows can be added. */
  readonly entities: readonly PlannedEntity[]
  /** What records are called in the target from then on; kept before anything is written. */
  readonly crosswalk?: NewCrosswalk
  /** Of each entity that gets numbers of the target's own, the highest: no other record is given it. */
  readonly numbers?: ReadonlyMap<EntityName, bigint>
}
