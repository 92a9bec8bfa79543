import { tmpdir } from 'node:os'
import { captureEntity } from '#capture/capture-entity'
import { runCapture } from '#capture/run-capture'
import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Actor, Turn } from '../actor.ts'
import { readHeld } from '../read-records.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Backs one source up about once a day, or more often, in the order of steps of `holdfast backup`. */
export function capturer(name: string, source: string, isAlone: boolean, isBusy = false): Actor {
  return {
    name,
    holds: isAlone ? { role: 'capture', source } : 'everything',
    restMs: isBusy ? DAY_MS / 3 : 2 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      // Whoever may make a source makes it with its first capture.
      const isThere = isAlone || (await turn.vault.listSources(turn.signal)).includes(source)
      if (!isThere) await turn.vault.addSource(source, turn.signal)
      await capture(turn, source)
      if (isAlone && turn.chance.happens(0.1)) await tryToRead(turn, source)
    },
  }
}

/** I11: what was just captured is shut to whoever captured it. */
async function tryToRead({ signal, vault }: Turn, source: string): Promise<void> {
  const state = await vault.readTimeline(source, signal)
  const points = state.points.filter(({ body }) => body.entities.some(({ rows }) => rows > 0))
  const point = points.at(-1)
  if (point === undefined) return
  const reading = readHeld(vault, { state, point }, signal)
  const error = await reading.catch((found: unknown) => found)
  must(error instanceof Error, 'I11', `a capture credential opened rows of ${source}`)
  if (!isAppError(error, 'segment.missing-key')) throw error
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
