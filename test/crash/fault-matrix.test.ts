import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, mapConcurrent } from '#stdx/streams'
import { aChance } from './testing/chance.ts'
import { FAULT_COMMANDS } from './testing/fault-commands.ts'
import { prepareStages, type Stages } from './testing/fault-stages.ts'
import { formatShots, formatWrong } from './testing/format-shots.ts'
import { injectFault, type Shot, surveyCommand } from './testing/inject-fault.ts'
import { canTrace } from './testing/trace-command.ts'

/** Of each command so many faults, one a kill; all of them are tried by `npm run torture`. */
const SHOTS_OF_COMMAND = 2
const SHOTS_AT_A_TIME = 2
/** Some forty commands, one after the other. */
const PREPARED_WITHIN_MS = 300_000

const isPossible = canTrace()
if (!isPossible) {
  const missing = 'the fault matrix needs strace and the right to use it (npm run test:servers)'
  if (process.env['CI'] === 'true') throw new Error(`Cannot test: ${missing}`)
  console.warn(`\n!!! SKIPPED ${missing}\n`)
}

let base = ''
let stages: Stages | undefined
const chance = aChance('fault matrix')
const all: Shot[] = []

beforeAll(async () => {
  if (!isPossible) return
  base = await mkdtemp(join(tmpdir(), 'holdfast-faults-'))
  stages = await prepareStages(base)
}, PREPARED_WITHIN_MS)
afterAll(async () => {
  if (!isPossible) return
  console.info(formatShots(all))
  await stages?.[Symbol.asyncDispose]()
  await rm(base, { recursive: true, force: true })
})

test.runIf(isPossible).for(FAULT_COMMANDS.map((command) => ({ ...command, command })))(
  'a fault in $name leaves the vault whole, and the next run finishes',
  async ({ command }, context) => {
    const ready = stages
    if (ready === undefined) throw new Error('Nothing is prepared')
    if (!ready.isThere(command.stage)) {
      context.skip('PostgreSQL is not there')
      return
    }
    const { targets, ...known } = await surveyCommand(ready, base, command)
    expect(targets.length, 'there is something to hit').toBeGreaterThan(5)
    const drawn = Array.from({ length: SHOTS_OF_COMMAND }, (_, index) => {
      const ofKind = targets.filter(({ effect }) => (effect === 'kill') === (index === 0))
      return ofKind[draw(ofKind.length)] ?? []
    })
    const shots = await collect(
      mapConcurrent(drawn.flat().entries(), SHOTS_AT_A_TIME, ([index, target]) =>
        injectFault(ready, join(base, `shot-${index}`), { ...known, target }),
      ),
    )
    all.push(...shots)
    expect(shots.filter(({ problems }) => problems.length > 0).map(formatWrong)).toEqual([])
  },
)

function draw(below: number): number {
  return Math.floor(chance.next() * below)
}
