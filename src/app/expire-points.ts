import type { DatedPoint, RetentionPolicy } from '#retention/dated-point'
import { judgeRetention, type RetentionVerdict } from '#retention/judge-retention'
import { readDatedPoints } from '#retention/read-dated-points'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { parseDurationMs } from '#stdx/duration'
import { damageError, describeDamage } from '#timeline/damage-error'
import type { TimelineState } from '#timeline/timeline-state'
import { commitNext } from '#vault/commit-next'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { needRoles } from './credential/need-roles.ts'
import { sayHeads } from './points/say-heads.ts'

/** What the retention of a source lets go and why the rest stays, as `expire --json` prints it. */
export type ExpiryAnswer = {
  readonly source: string
  readonly expired: readonly JudgedPoint[]
  readonly kept: readonly (JudgedPoint & { readonly reasons: readonly string[] })[]
  /** The entry that let them go; `null` when none did. */
  readonly entry: string | null
}

export type JudgedPoint = { readonly point: string; readonly time: string }

export type ExpireDeps = Pick<Context, 'readConfig'>

export type ExpireRequest = {
  readonly source: string
  readonly isDryRun: boolean
  /** Told what would go before anything does; throws to stop there. */
  agree(answer: ExpiryAnswer): Promise<void>
}

const NO_POLICY: RetentionVerdict['kept'][number]['reasons'] = ['the source has no retention']

/**
 * Lets the points of one source go that its retention does not keep.
 *
 * They are judged again right before the entry is committed: what was held or named meanwhile stays,
 * and nothing goes that was not agreed to.
 *
 * @throws config.name-unknown | vault.source-unknown | vault.role-missing
 */
export async function expirePoints(
  deps: ExpireDeps,
  vault: Vault,
  { agree, isDryRun, source }: ExpireRequest,
  signal: AbortSignal,
): Promise<ExpiryAnswer> {
  if (!isDryRun) needRoles(vault, ['keeper', 'custodian'], `Cannot expire points of "${source}"`)
  const policy = await readPolicy(deps, source)
  const judged = await judgeSource(vault, { source, policy }, signal)
  if (isDryRun || judged.expired.length === 0) return judged
  await agree(judged)
  const agreed = new Set(judged.expired.map(({ point }) => point))
  const done = await commitNext(
    vault,
    source,
    async (state) => {
      const { expired } = await judgeState(vault, { state, policy }, signal)
      const points = expired.filter((seq) => agreed.has(`${source}@${seq}`))
      if (points.length === 0) return undefined
      return await vault.cosign(source, { kind: 'expire', basis: state.basis, points }, signal)
    },
    signal,
  )
  if (done !== undefined) await sayHeads(vault, signal)
  return { ...judged, entry: done === undefined ? null : `${source}@${done.seq}` }
}

/** What the retention of a source would let go. Changes nothing. */
export async function judgeSource(
  vault: Vault,
  { policy, source }: { readonly source: string; readonly policy: RetentionPolicy | undefined },
  signal: AbortSignal,
): Promise<ExpiryAnswer> {
  const state = await vault.readTimeline(source, signal)
  const { expired, kept } = await judgeState(vault, { state, policy }, signal)
  const describe = (seq: number): JudgedPoint => {
    const point = state.points.bySeq(seq)
    assert(point !== undefined, 'Only points are judged.')
    return { point: `${source}@${seq}`, time: point.time }
  }
  return {
    source,
    expired: expired.map(describe),
    kept: kept.map(({ reasons, seq }) => ({ ...describe(seq), reasons })),
    entry: null,
  }
}

/** @throws timeline.damaged | timeline.format-unsupported: what is kept and what is newest cannot be said of a damaged timeline */
export async function judgeState(
  vault: Vault,
  {
    policy,
    state,
  }: { readonly state: TimelineState; readonly policy: RetentionPolicy | undefined },
  signal: AbortSignal,
): Promise<RetentionVerdict> {
  if (state.damagedFrom !== null) {
    const found = describeDamage(state)
    throw damageError(state, `Cannot say what timeline "${state.source}" may let go: ${found}`)
  }
  const points: readonly DatedPoint[] = await readDatedPoints(vault, state, signal)
  if (policy !== undefined) return judgeRetention(points, policy)
  return { kept: points.map(({ seq }) => ({ seq, reasons: NO_POLICY })), expired: [] }
}

/** `undefined` when the configuration says nothing of it: then every point stays. */
export async function readPolicy(
  { readConfig }: ExpireDeps,
  source: string,
): Promise<RetentionPolicy | undefined> {
  const { sources } = await readConfig()
  const configured = sources[source]
  if (configured === undefined) {
    const known = Object.keys(sources).join(', ') || 'none'
    const message = `Cannot find the retention of "${source}": the configuration has sources ${known}`
    throw new AppError('config.name-unknown', message, { name: source })
  }
  const retention = configured.readRetention()
  if (retention === undefined) return undefined
  const { keepAll, ...counts } = retention
  const keepAllMs = parseDurationMs(keepAll)
  assert(keepAllMs !== undefined, 'The configuration was checked.')
  return { keepAllMs, ...counts }
}
