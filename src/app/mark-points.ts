import { formatStamp, stampOf } from '#record/stamp'
import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import type { LabelledAt } from '#timeline/point-list'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { commitNext, judgeNow } from '#vault/commit-next'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'
import { sayHeads } from './points/say-heads.ts'

/** What a label, hold or release did. */
export type MarkAnswer = {
  /** Addresses of the points that are marked now, or are no more. */
  readonly points: readonly string[]
  /** The entries that say so; empty when it had all been said before. */
  readonly entries: readonly string[]
}

/** Whether only what would be said is wanted: then nothing is committed. */
export type DryRun = { readonly isDryRun?: boolean | undefined }

const LABEL = /^[a-z][a-z0-9-]{0,62}$/
/** Words that mean something else behind an `@`. */
const RESERVED: ReadonlySet<string> = new Set(['latest', 'live'])

/**
 * Gives a point, or one of the transactions in it, a name, once and for ever: nothing else of its
 * source ever bears it.
 * @throws app.label-invalid | app.label-taken | timeline.point-unknown
 */
export async function labelPoint(
  vault: Vault,
  { isDryRun, label, point: address }: DryRun & { readonly label: string; readonly point: string },
  signal: AbortSignal,
): Promise<MarkAnswer> {
  refuseLabel(label)
  const { point, source } = await findPoint(vault, address, signal)
  const ordinal = point.transaction?.ordinal ?? null
  const done = await commitOf(isDryRun)(
    vault,
    source,
    (state) => {
      const named = state.points.marks.labels.get(label)
      if (named?.seq === point.seq && named.ordinal === ordinal) return undefined
      if (named !== undefined) throw labelTaken(formatPoint(source, point), label, named)
      const inside = ordinal === null ? {} : { ordinal }
      return { kind: 'label', label, point: point.seq, ...inside }
    },
    signal,
  )
  const points = [formatPoint(source, point)]
  return await conclude(vault, { ...answer(source, [], done), points }, signal)
}

/** @throws app.label-invalid */
export function refuseLabel(label: string): void {
  if (LABEL.test(label) && !RESERVED.has(label)) return
  const need = 'need a lower-case letter, then at most 62 letters, digits and dashes'
  const message = `Cannot use "${label}" as a label: ${need}, and neither latest nor live`
  throw new AppError('app.label-invalid', message, { label })
}

/** Keeps points from being let go until they are released. Points that are held stay so. */
export async function holdPoints(
  vault: Vault,
  request: DryRun & { readonly points: readonly string[]; readonly reason: string },
  signal: AbortSignal,
): Promise<MarkAnswer> {
  const { isDryRun, points: addresses, reason } = request
  const answers: MarkAnswer[] = []
  for (const { seqs, source } of await findBySource(vault, addresses, signal)) {
    const done = await commitOf(isDryRun)(
      vault,
      source,
      (state) => {
        const points = seqs.filter((seq) => !pointOf(state, seq)?.held)
        return points.length === 0 ? undefined : { kind: 'hold', points, reason }
      },
      signal,
    )
    answers.push(answer(source, seqs, done))
  }
  return await conclude(vault, join(answers), signal)
}

/** Ends the hold of points; needs custodian and keeper in one hand. @throws vault.role-missing */
export async function releasePoints(
  vault: Vault,
  { isDryRun, points: addresses }: DryRun & { readonly points: readonly string[] },
  signal: AbortSignal,
): Promise<MarkAnswer> {
  const answers: MarkAnswer[] = []
  for (const { seqs, source } of await findBySource(vault, addresses, signal)) {
    const done = await commitOf(isDryRun)(
      vault,
      source,
      async (state) => {
        const points = seqs.filter((seq) => pointOf(state, seq)?.held)
        if (points.length === 0) return undefined
        return await vault.cosign(source, { kind: 'release', basis: state.basis, points }, signal)
      },
      signal,
    )
    answers.push(answer(source, seqs, done))
  }
  return await conclude(vault, join(answers), signal)
}

function commitOf(isDryRun: boolean | undefined): typeof commitNext {
  return isDryRun ? judgeNow : commitNext
}

export type PointsOfSource = { readonly source: string; readonly seqs: readonly number[] }

/** The points that addresses mean, source by source, each once and ascending. */
export async function findBySource(
  vault: Vault,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly PointsOfSource[]> {
  const bySource = new Map<string, Set<number>>()
  for (const address of addresses) {
    const { point, source } = await findPoint(vault, address, signal)
    bySource.set(source, (bySource.get(source) ?? new Set()).add(point.seq))
  }
  return [...bySource].map(([source, seqs]) => ({
    source,
    seqs: [...seqs].sort((a, b) => a - b),
  }))
}

function pointOf({ points }: TimelineState, seq: number): Point | undefined {
  return points.bySeq(seq)
}

function answer(
  source: string,
  seqs: readonly number[],
  done: { readonly seq: number } | undefined,
): MarkAnswer {
  const points = seqs.map((seq) => `${source}@${seq}`)
  return { points, entries: done === undefined ? [] : [`${source}@${done.seq}`] }
}

async function conclude(
  vault: Vault,
  answer: MarkAnswer,
  signal: AbortSignal,
): Promise<MarkAnswer> {
  if (answer.entries.length > 0) await sayHeads(vault, signal)
  return answer
}

function join(answers: readonly MarkAnswer[]): MarkAnswer {
  return {
    points: answers.flatMap(({ points }) => points),
    entries: answers.flatMap(({ entries }) => entries),
  }
}

function labelTaken(address: string, label: string, named: LabelledAt): AppError {
  const { seq } = named
  const at = formatStamp(stampOf(named))
  const message = `Cannot label ${address} "${label}": point ${at} bears this label, and a label never moves`
  return new AppError('app.label-taken', message, { label, seq })
}
