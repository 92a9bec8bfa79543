import { formatProposalFile, parseProposalFile } from '#retention/proposal-file'
import { AppError } from '#stdx/app-error'
import type { AgreedBody } from '#timeline/maintenance-entry'
import type { TimelineState } from '#timeline/timeline-state'
import { commitNext } from '#vault/commit-next'
import type { Vault } from '#vault/vault'
import { needRoles } from './credential/need-roles.ts'
import {
  type ExpireDeps,
  type ExpiryAnswer,
  judgeSource,
  judgeState,
  readPolicy,
} from './expire-points.ts'
import { findBySource } from './mark-points.ts'
import { sayHeads } from './points/say-heads.ts'

/** A proposal as it was made or taken up. */
export type ProposalAnswer = {
  readonly kind: AgreedBody['kind']
  readonly source: string
  readonly points: readonly string[]
  /** The entry it became; `null` as long as it is proposed only. */
  readonly entry: string | null
}

/** What is proposed, and the file that carries it; no file when there is nothing to propose. */
export type Proposed = { readonly answer: ProposalAnswer; readonly text: string | null }

/**
 * The custodian's half of letting points go: what the retention of the source does not keep, signed.
 * Commits nothing.
 * @throws vault.role-missing
 */
export async function proposeExpiry(
  deps: ExpireDeps,
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<Proposed & { readonly judged: ExpiryAnswer }> {
  const policy = await readPolicy(deps, source)
  const judged = await judgeSource(vault, { source, policy }, signal)
  const state = await vault.readTimeline(source, signal)
  const { expired } = await judgeState(vault, { state, policy }, signal)
  const proposed = await propose(vault, { state, kind: 'expire', points: expired }, signal)
  return { ...proposed, judged }
}

/** The custodian's half of ending a hold, of points of one source. @throws app.sources-mixed | vault.role-missing */
export async function proposeRelease(
  vault: Vault,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Proposed> {
  const [first, second] = await findBySource(vault, addresses, signal)
  if (first === undefined || second !== undefined) {
    const message = 'Cannot propose to release the points: need points of one source'
    throw new AppError('app.sources-mixed', message)
  }
  const state = await vault.readTimeline(first.source, signal)
  const held = first.seqs.filter((seq) => state.points.bySeq(seq)?.held)
  return await propose(vault, { state, kind: 'release', points: held }, signal)
}

export type TakeUpRequest = {
  readonly text: string
  readonly kind: AgreedBody['kind']
  /** Judges only: nothing is asked and nothing committed. */
  readonly isDryRun?: boolean
  /** Told what the proposal says before it is committed; throws to stop there. */
  agree(answer: ProposalAnswer): Promise<void>
}

/**
 * The keeper's half: judges a proposal, and commits it under the keeper's own signature.
 *
 * The keeper takes nobody's word for what may go: points that the retention in the keeper's own
 * configuration keeps are refused, whoever proposed them.
 *
 * @throws retention.proposal-invalid | retention.proposal-refused | vault.role-missing
 */
export async function takeUpProposal(
  deps: ExpireDeps,
  vault: Vault,
  { agree, isDryRun = false, kind, text }: TakeUpRequest,
  signal: AbortSignal,
): Promise<ProposalAnswer> {
  const { proposal, source } = parseProposalFile(text, { vaultId: vault.id, kind })
  if (!isDryRun) needRoles(vault, ['keeper'], `Cannot ${kind} points of "${source}"`)
  const answer = describe(source, proposal)
  const judge = async (state: TimelineState) => {
    const refusal = await findRefusal(deps, vault, { state, proposal }, signal)
    if (refusal === undefined) return proposal
    const message = `Cannot ${kind} points of "${source}" as proposed: ${refusal}`
    throw new AppError('retention.proposal-refused', message, { source })
  }
  await judge(await vault.readTimeline(source, signal))
  if (isDryRun) return answer
  await agree(answer)
  const done = await commitNext(vault, source, judge, signal)
  if (done !== undefined) await sayHeads(vault, signal)
  return { ...answer, entry: done === undefined ? null : `${source}@${done.seq}` }
}

async function findRefusal(
  deps: ExpireDeps,
  vault: Vault,
  { proposal, state }: { readonly state: TimelineState; readonly proposal: AgreedBody },
  signal: AbortSignal,
): Promise<string | undefined> {
  const refusal = await vault.judge(state, proposal, signal)
  if (refusal !== undefined || proposal.kind === 'release') return refusal
  const policy = await readPolicy(deps, state.source)
  const { kept } = await judgeState(vault, { state, policy }, signal)
  const first = kept.find(({ seq }) => proposal.points.includes(seq))
  return first && `point ${first.seq} is kept: ${first.reasons.join(', ')}`
}

async function propose(
  vault: Vault,
  {
    kind,
    points,
    state,
  }: { state: TimelineState; kind: AgreedBody['kind']; points: readonly number[] },
  signal: AbortSignal,
): Promise<Proposed> {
  const { basis, source } = state
  if (points.length === 0) return { answer: { kind, source, points: [], entry: null }, text: null }
  const proposal = await vault.cosign(source, { kind, basis, points: [...points] }, signal)
  const text = formatProposalFile({ vaultId: vault.id, source, proposal })
  return { answer: describe(source, proposal), text }
}

function describe(source: string, { kind, points }: AgreedBody): ProposalAnswer {
  return { kind, source, points: points.map((seq) => `${source}@${seq}`), entry: null }
}
