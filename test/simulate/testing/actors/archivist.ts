import { judgeRetention } from '#retention/judge-retention'
import { readDatedPoints } from '#retention/read-dated-points'
import { commitNext } from '#vault/commit-next'
import type { Actor, Turn } from '../actor.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS

/** Lets points of a source go by a policy; names, holds and releases some of them before. */
export function archivist(name: string, source: string): Actor {
  return {
    name,
    // Two hands have to agree; here one person has both.
    holds: 'everything',
    restMs: 2 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      if (!(await turn.vault.listSources(turn.signal)).includes(source)) return
      if (turn.chance.happens(0.4)) await mark(turn, source)
      else await expire(turn, source)
    },
  }
}

async function mark({ chance, signal, vault }: Turn, source: string): Promise<void> {
  const action = chance.pick(['label', 'hold', 'release'] as const) ?? 'hold'
  await commitNext(
    vault,
    source,
    async ({ basis, headSeq, points: all }) => {
      const point = chance.pick([...all])?.seq
      if (point === undefined) return undefined
      const points = [point]
      if (action === 'label') return { kind: action, label: `at-${headSeq}`, point }
      if (action === 'hold') return { kind: action, points, reason: 'simulated' }
      return await vault.cosign(source, { kind: action, basis, points }, signal)
    },
    signal,
  )
}

async function expire({ chance, log, signal, truth, vault }: Turn, source: string): Promise<void> {
  const keepAllMs = chance.pick([0, MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 4 * DAY_MS]) ?? 0
  const counts = { hourly: 1, daily: 1, weekly: 1, monthly: 0, yearly: 0, keepMin: 2 }
  const done = await commitNext(
    vault,
    source,
    async (state) => {
      const points = await readDatedPoints(vault, state, signal)
      const { expired } = judgeRetention(points, { keepAllMs, ...counts })
      if (expired.length === 0) return undefined
      for (const seq of expired) truth.judgedOld(source, seq, keepAllMs)
      const proposal = { kind: 'expire' as const, basis: state.basis, points: [...expired] }
      return await vault.cosign(source, proposal, signal)
    },
    signal,
  )
  if (done !== undefined) log(`let points of ${source} go by ${done.seq}, older than ${keepAllMs}`)
}
