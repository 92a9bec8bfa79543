import { tmpdir } from 'node:os'
import { captureEntity } from '#capture/capture-entity'
import { runCapture } from '#capture/run-capture'
import type { Credential } from '#seal/credential'
import { narrowCredential } from '#seal/credential'
import { assert } from '#stdx/assert'
import type { Actor, Turn } from '../actor.ts'

const DAY_MS = 86_400_000

/** Backs one source up about once a day, in the same order of steps as `holdfast backup`. */
export function capturer(name: string, source: string, isAlone: boolean): Actor {
  return {
    name,
    credential: (all: Credential) => (isAlone ? narrowCredential(all, 'capture', source) : all),
    restMs: 2 * DAY_MS,
    mustSucceed: true,
    turn: (turn) => capture(turn, source),
  }
}

async function capture(turn: Turn, source: string): Promise<void> {
  const { chance, clock, isCalm, random, signal, truth, vault } = turn
  const tables = turn.tables.get(source)
  assert(tables !== undefined, 'A capturer is of a source that there is.')
  tables.live(chance)
  const state = await vault.readTimeline(source, signal)
  await using system = tables.openSource(clock, chance, isCalm ? 0 : turn.mishap)
  await using cut = await system.openCut(signal)
  const held = tables.held()
  const deps = {
    write: await vault.writeDeps(source, signal),
    read: await vault.readDeps(source, signal),
    digestKey: await vault.digestKey(source, signal),
    random,
    tempDir: tmpdir(),
  }
  let session = ''
  const { seq } = await runCapture(
    {
      vault,
      clock,
      random,
      progress: () => {},
      captureEntity: (job, rows, watch) => {
        session = job.session
        truth.attempts.set(session, { source, held })
        return captureEntity(deps, job, rows, watch)
      },
    },
    {
      cut,
      state,
      request: {
        source,
        connector: 'simulated',
        isIncluded: () => true,
        isFull: chance.happens(0.03),
        isNewIdentityAllowed: false,
        scansMax: chance.between(1, 2),
        sortBytesMax: 1_048_576,
      },
    },
    signal,
  )
  truth.reported(source, seq, session)
  turn.log(`made ${source}@${seq}`)
  await vault.putHeads(signal)
}
