import type { Context } from './context.ts'
import type { BalanceFacts, RoleCount } from './drill/compare-facts.ts'
import type { Provenness } from './unproven.ts'

export type DrillDeps = Pick<
  Context,
  'clock' | 'configPath' | 'openOwnFile' | 'openTarget' | 'progress' | 'random' | 'readConfig'
>

export type DrillRequest = {
  /** As typed; `undefined`: what the configuration says. */
  readonly customers: string | undefined
  readonly within: string | undefined
  /** Points, one for all or one of each source; none: the newest of every source. */
  readonly at: readonly string[]
  readonly seed: string | undefined
  /** `SOURCE=TARGET` */
  readonly to: readonly string[]
  /** Of the customer map. */
  readonly file: string | undefined
  readonly mayRunSideEffects: boolean
}

/** What came of a drill, as `--json` prints it. */
export type DrillReport = Provenness & {
  /** Its id in the vault. */
  readonly drill: string
  readonly verdict: 'passed' | 'failed'
  /** Why it failed; `null`: it passed. */
  readonly reason: { readonly code: string; readonly message: string } | null
  readonly seed: string
  readonly points: readonly string[]
  readonly targets: readonly DrillTarget[]
  /** What customers were drawn from, and how many it has. */
  readonly population: {
    readonly source: string
    readonly entity: string
    readonly rows: number
  }
  /** Keys of those that were drawn. */
  readonly customers: readonly string[]
  /** What belongs to them. */
  readonly records: number
  /** Written, with what they need. */
  readonly inserted: number
  readonly verified: { readonly records: number; readonly different: number }
  readonly roles: readonly RoleCount[]
  readonly balances:
    | (Omit<BalanceFacts, 'different'> & {
        /** Keys of customers of whom the copy says something else. */
        readonly different: readonly string[]
      })
    | null
  readonly withinMs: number
  /** From the first look into the vault until everything was compared. */
  readonly durationMs: number
  readonly parts: { readonly findMs: number; readonly restoreMs: number; readonly verifyMs: number }
  readonly plan: string | null
}

export type DrillTarget = {
  readonly source: string
  /** As configured; `null`: a file that was made for it and is gone. */
  readonly target: string | null
}
