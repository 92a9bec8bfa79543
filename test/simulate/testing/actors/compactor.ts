import { runCompaction } from '#retention/run-compaction'
import type { Random } from '#stdx/random'
import type { Actor, Turn } from '../actor.ts'

const DAY_MS = 86_400_000
const SESSION_BYTES = 16

/** Merges segments of a source. */
export function compactor(name: string, source: string, isAlone: boolean): Actor {
  return {
    name,
    holds: isAlone ? { role: 'keeper', source: null } : 'everything',
    restMs: 4 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      if (!(await turn.vault.listSources(turn.signal)).includes(source)) return
      await compact(turn, source)
    },
  }
}

async function compact(turn: Turn, source: string): Promise<void> {
  const { clock, log, signal, truth, vault } = turn
  // Its sessions are told by the size of what is drawn for them.
  const random: Random = {
    bytes(size) {
      const bytes = turn.random.bytes(size)
      const session = Buffer.from(bytes).toString('hex')
      if (size === SESSION_BYTES) truth.attempts.set(session, { source, held: new Map() })
      return bytes
    },
  }
  const deps = { vault, clock, random, progress: () => {} }
  const done = await runCompaction(deps, source, signal)
  if (done.replaced === 0) return
  log(`replaced ${done.replaced} segments of ${source}, dropped ${done.droppedVersions} versions`)
}
