import { runCompaction } from '#retention/run-compaction'
import { narrowCredential } from '#seal/credential'
import type { Random } from '#stdx/random'
import { commitNext } from '#vault/commit-next'
import type { Actor, Turn } from '../actor.ts'

const DAY_MS = 86_400_000
const SESSION_BYTES = 16

/** Merges segments of a source, and now and then lets some of its points go before. */
export function compactor(name: string, source: string, isAlone: boolean): Actor {
  return {
    name,
    credential: (all) => (isAlone ? narrowCredential(all, 'keeper') : all),
    restMs: 4 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      if (!(await turn.vault.listSources(turn.signal)).includes(source)) return
      if (!isAlone && turn.chance.happens(0.5)) await letGo(turn, source)
      await compact(turn, source)
    },
  }
}

/** Any points but the newest, by both hands. */
async function letGo({ chance, log, signal, vault }: Turn, source: string): Promise<void> {
  const done = await commitNext(
    vault,
    source,
    async ({ basis, points }) => {
      const older = points.slice(0, -1).filter(({ held }) => !held)
      const gone = older.filter(() => chance.happens(0.4)).map(({ seq }) => seq)
      if (gone.length === 0) return undefined
      return await vault.cosign(source, { kind: 'expire', basis, points: gone }, signal)
    },
    signal,
  )
  if (done !== undefined) log(`let points of ${source} go by ${done.seq}`)
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
