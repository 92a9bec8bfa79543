import type { Actor, Turn } from '../actor.ts'
import { compareHeld, readHeld } from '../read-records.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Looks at a source as a restore does, and reads some point of it whole. */
export function reader(name: string, source: string): Actor {
  return {
    name,
    holds: { role: 'restore', source: null },
    restMs: 3 * DAY_MS,
    mustSucceed: true,
    turn: (turn) => read(turn, source),
  }
}

async function read(turn: Turn, source: string): Promise<void> {
  const { chance, hasMetStaleList, log, signal, truth, vault } = turn
  if (!(await vault.listSources(signal)).includes(source)) return
  const before = truth.pointsOf(source)
  const state = await vault.readTimeline(source, signal)
  const unknown = state.points.find(({ seq }) => truth.findPoint(source, seq) === undefined)
  must(unknown === undefined, 'I3', `${source}@${unknown?.seq} is seen and not committed`)
  const seen = new Set(state.points.map(({ seq }) => seq))
  const still = new Set(truth.pointsOf(source))
  const missing = before.find((point) => !seen.has(point.seq) && still.has(point))
  must(
    missing === undefined || hasMetStaleList(),
    'I2',
    `${source}@${missing?.seq} is committed and not seen`,
  )
  const point = chance.pick([...state.points])
  if (point === undefined) return
  const held = await readHeld(vault, { state, point }, signal)
  const expected = truth.findPoint(source, point.seq)
  const difference = expected && compareHeld(held, expected.held)
  must(difference === undefined, 'I1', `${source}@${point.seq} is read wrong: ${difference}`)
  log(`read ${source}@${point.seq}`)
}
