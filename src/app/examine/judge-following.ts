import type { FeedHealth } from '#connector/feed'
import { type Finding, good } from './finding.ts'

/** What is known of a source that is, or was, followed. */
export type FollowingFacts = {
  readonly source: string
  readonly feed: string
  /** Whether the configuration says so. */
  readonly isWanted: boolean
  /** Whether the vault holds what a feed told or begins at. */
  readonly isBegun: boolean
  readonly health: FeedHealth
  /** Up to when the vault holds all, and what the source's clock says; `null`: it holds nothing. */
  readonly known: { readonly time: string; readonly now: string } | null
  /** How often a quiet source gets an entry. */
  readonly heartbeatMs: number
}

/** Whether a source is followed, is known up to now, and does not suffer from it. Pure. */
export function judgeFollowing(facts: FollowingFacts): Finding[] {
  const { health, isBegun, isWanted, source } = facts
  const check = `following ${source}`
  if (!isWanted) return isLeft(facts) ? [judgeLeft(facts)] : []
  if (health.state === 'missing' && !isBegun) {
    const fix = `Run \`holdfast follow ${source}\`, for as long as it is to be followed.`
    return [{ check, verdict: 'skipped', found: 'nobody has followed it yet', fix }]
  }
  const lost = judgeLost(facts)
  if (lost !== undefined) return [lost]
  return [judgeReader(facts), ...judgeDisk(facts)]
}

export type CanaryFacts = {
  readonly source: string
  readonly table: string
  /** When the source committed the newest that came through. */
  readonly arrived: string | null
  /** By the source's clock. */
  readonly nowMs: number
  readonly everyMs: number
  readonly lateMs: number
}

/** Whether what was committed in the source comes through to the vault. Pure. */
export function judgeCanary({
  arrived,
  everyMs,
  lateMs,
  nowMs,
  source,
  table,
}: CanaryFacts): Finding {
  const check = `canary ${source}`
  const fix = `See that \`holdfast follow ${source}\` runs and what it says, and \`holdfast source check ${source}\` for the statements that make ${table}.`
  if (arrived === null) return { check, verdict: 'bad', found: 'none has come through', fix }
  const ageMs = nowMs - Date.parse(arrived)
  const found = `the newest that came through is of ${arrived}`
  return ageMs <= everyMs + lateMs ? good(check, found) : { check, verdict: 'bad', found, fix }
}

/** A feed that nobody wants any more is one that its source keeps its log for. */
function isLeft({ health, isBegun }: FollowingFacts): boolean {
  const isThere = health.state !== 'missing' && health.state !== 'given-up'
  return isBegun && isThere && !health.isOpen && isKeptFor(health)
}

/** A source that keeps its log for a feed knows how far it was read; others keep it for some days. */
function isKeptFor({ acknowledged }: FeedHealth): boolean {
  return acknowledged !== null
}

function judgeLeft({ feed, health, source }: FollowingFacts): Finding {
  return {
    check: `following ${source}`,
    verdict: 'bad',
    found: `the configuration does not say follow: true, and the source keeps its log for the feed ${feed}: ${describeKept(health)}`,
    fix: `Say \`follow: true\` of ${source} once more and run \`holdfast follow ${source} --drop\`; then take the line away again. Or go on following it.`,
  }
}

/** What was committed since cannot be told: the sooner a new feed begins, the smaller the gap. */
function judgeLost({ feed, health, source }: FollowingFacts): Finding | undefined {
  const founds = {
    missing: `the feed ${feed} is not in the source any more`,
    'given-up': `the source has given the feed ${feed} up: it dropped log that was not read`,
  }
  if (health.state !== 'missing' && health.state !== 'given-up') return undefined
  const fix = `Run \`holdfast follow ${source}\` now: it records the gap and begins anew with a scan. ${health.advice ?? 'Raise the bound on what the source keeps, when it was passed.'}`
  return { check: `following ${source}`, verdict: 'bad', found: founds[health.state], fix }
}

function judgeReader({ feed, health, heartbeatMs, known, source }: FollowingFacts): Finding {
  const check = `following ${source}`
  const upTo = known === null ? '' : `, known up to ${known.time}`
  if (!health.isOpen) {
    const kept = isKeptFor(health)
      ? `the source keeps its log for the feed ${feed}`
      : 'the source drops its log when it is old'
    const found = `nobody follows it${upTo}; ${kept}: ${describeKept(health)}`
    const fix = `Run \`holdfast follow ${source}\`, or give it up: \`holdfast follow ${source} --drop\`.`
    return { check, verdict: 'bad', found, fix }
  }
  const lateMs = known === null ? 0 : Date.parse(known.now) - Date.parse(known.time)
  const lateMaxMs = 3 * heartbeatMs + LATE_MS
  if (lateMs <= lateMaxMs) return good(check, `followed${upTo}; ${describeKept(health)}`)
  const fix = `Look at what \`holdfast follow ${source}\` says where it runs: it may be scanning, or not keep up.`
  return { check, verdict: 'bad', found: `followed, but only${upTo.slice(1)}`, fix }
}

const LATE_MS = 60_000

/** Before the source's disk is full, or before the source gives the feed up. */
function judgeDisk({ health, source }: FollowingFacts): Finding[] {
  const check = `log kept by ${source}`
  const { advice, leftBytes, retainedBytes, state } = health
  const isHalfGone = leftBytes !== null && leftBytes < retainedBytes
  const catchUp = `Let \`holdfast follow ${source}\` run and catch up, or raise the bound for now.`
  if (state === 'endangered') {
    const found = `the source gives the feed up at any moment: ${describeKept(health)}`
    return [{ check, verdict: 'bad', found, fix: catchUp }]
  }
  if (advice !== null) {
    const found = `without bound, until its disk is full: ${describeKept(health)}`
    return [{ check, verdict: 'bad', found, fix: advice }]
  }
  if (state === 'stretched' && isHalfGone) {
    return [{ check, verdict: 'bad', found: describeKept(health), fix: catchUp }]
  }
  return [good(check, describeKept(health))]
}

function describeKept({ leftBytes, retainedBytes, retainedBytesMax }: FeedHealth): string {
  const most = retainedBytesMax === null ? '' : ` of at most ${megabytes(retainedBytesMax)}`
  const left = leftBytes === null ? '' : `, ${megabytes(leftBytes)} until it is given up`
  return `${megabytes(retainedBytes)} kept${most}${left}`
}

function megabytes(sizeBytes: number): string {
  return `${Math.round(sizeBytes / 1e6)} MB`
}
