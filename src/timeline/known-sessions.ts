import { createHash } from 'node:crypto'
import { assert } from '#stdx/assert'

/** Fingerprints of sessions in ascending order, in blocks that may lie elsewhere until asked for. */
export type SessionBlock = {
  readonly first: bigint
  readonly count: number
  readonly fingerprints: () => BigUint64Array
  /** Under which name it is kept outside this process; absent: only here. */
  readonly name?: string
}
export type SessionRun = readonly SessionBlock[]

/** As many of the newest are held apart. */
const RECENT_MAX = 4096
/** Runs of a size that are merged into one. */
const MERGED_RUNS = 8
const BLOCK_MAX = 4096

/**
 * The sessions that have committed, each as 64 bits of SHA-256: a session is another one only if its
 * fingerprint is. Every reader judges so, whether it has read the entries itself or not. Immutable,
 * and shares what it can.
 */
export class KnownSessions {
  readonly recent: ReadonlySet<bigint>
  /** The larger ones first. */
  readonly runs: readonly SessionRun[]

  constructor(recent: ReadonlySet<bigint> = new Set(), runs: readonly SessionRun[] = []) {
    this.recent = recent
    this.runs = runs
  }

  has(session: string): boolean {
    const wanted = fingerprintOf(session)
    return this.recent.has(wanted) || this.runs.some((run) => isInRun(run, wanted))
  }

  /** @param sessions none of which is known */
  add(sessions: readonly string[]): KnownSessions {
    if (sessions.length === 0) return this
    const recent = new Set(this.recent)
    for (const session of sessions) recent.add(fingerprintOf(session))
    if (recent.size < RECENT_MAX) return new KnownSessions(recent, this.runs)
    const runs = mergeSimilar([...this.runs, toRun(BigUint64Array.from(recent))])
    return new KnownSessions(new Set(), runs)
  }
}

function fingerprintOf(session: string): bigint {
  return createHash('sha256').update(session).digest().readBigUInt64BE()
}

function isInRun(run: SessionRun, wanted: bigint): boolean {
  const block = run[countUpTo(run.length, (at) => (run[at]?.first ?? 0n) <= wanted) - 1]
  if (block === undefined) return false
  const all = block.fingerprints()
  return all[countUpTo(all.length, (at) => (all[at] ?? 0n) <= wanted) - 1] === wanted
}

/** Of an ascending list, how many of the first ones fulfil what all before the first misfit do. */
function countUpTo(length: number, isIn: (at: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isIn(middle)) low = middle + 1
    else high = middle
  }
  return low
}

function mergeSimilar(runs: readonly SessionRun[]): readonly SessionRun[] {
  const last = runs.at(-1)
  assert(last !== undefined, 'There is a run to merge.')
  const similar = runs.filter((run) => levelOf(run) === levelOf(last))
  if (similar.length < MERGED_RUNS) return runs
  const all = new BigUint64Array(similar.reduce((sum, run) => sum + countOf(run), 0))
  let at = 0
  for (const block of similar.flat()) {
    all.set(block.fingerprints(), at)
    at += block.count
  }
  const larger = runs.filter((run) => !similar.includes(run))
  return mergeSimilar([...larger, toRun(all)])
}

function countOf(run: SessionRun): number {
  return run.reduce((sum, { count }) => sum + count, 0)
}

/** How often its sessions were merged. */
function levelOf(run: SessionRun): number {
  return Math.floor(Math.log(Math.max(1, countOf(run) / RECENT_MAX)) / Math.log(MERGED_RUNS) + 0.01)
}

function toRun(fingerprints: BigUint64Array): SessionRun {
  fingerprints.sort()
  const blocks: SessionBlock[] = []
  for (let at = 0; at < fingerprints.length; at += BLOCK_MAX) {
    const block = fingerprints.subarray(at, at + BLOCK_MAX)
    blocks.push({ first: block[0] ?? 0n, count: block.length, fingerprints: () => block })
  }
  return blocks
}
