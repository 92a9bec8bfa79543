/**
 * `npm run torture`: has every call that creates, writes, syncs, links, renames or removes a file
 * fail, and kills the command there, for every command of `testing/fault-commands.ts`; some hours.
 * `--minutes N` ends it earlier, with a fair sample of all; `--command NAME` (repeatable) and
 * `--effect kill` choose, `--most N` takes so many of each command; `--seed S` gives the order again.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mapConcurrent } from '#stdx/streams'
import { aChance, type Chance } from './testing/chance.ts'
import { FAULT_COMMANDS } from './testing/fault-commands.ts'
import { prepareStages } from './testing/fault-stages.ts'
import { formatShots, formatWrong } from './testing/format-shots.ts'
import { injectFault, type Range, type Shot, surveyCommand } from './testing/inject-fault.ts'
import { canTrace } from './testing/trace-command.ts'

const TELLS_EVERY = 25

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: 'Infinity' },
    seed: { type: 'string' },
    command: { type: 'string', multiple: true },
    effect: { type: 'string', multiple: true },
    most: { type: 'string', default: 'Infinity' },
  },
})
const untilMs = performance.now() + Number(values.minutes) * 60_000
if (values.seed !== undefined) process.env['HOLDFAST_TEST_SEED'] = values.seed
if (!canTrace()) throw new Error('Cannot torture: strace is not there, or may not be used')

const commands = FAULT_COMMANDS.filter(({ name }) => values.command?.includes(name) ?? true)
const shots: Shot[] = []
const base = await mkdtemp(join(tmpdir(), 'holdfast-torture-'))
try {
  await torture()
} finally {
  await rm(base, { recursive: true, force: true })
}
console.info(formatShots(shots))
const wrong = shots.filter(({ problems }) => problems.length > 0)
for (const [said, count] of countMessages()) console.info(`${count} x ${said}`)
for (const shot of wrong) console.info(formatWrong(shot))
process.exitCode = wrong.length === 0 ? 0 : 1

async function torture(): Promise<void> {
  await using stages = await prepareStages(base)
  const ranges: Range[] = []
  for (const command of commands.filter(({ stage }) => stages.isThere(stage)))
    ranges.push(await surveyCommand(stages, base, command))
  const chance = aChance('torture')
  const all = ranges
    .flatMap(({ targets, ...known }) => {
      const chosen = targets.filter(({ effect }) => values.effect?.includes(effect) ?? true)
      const places = shuffle(chosen, chance).slice(0, Number(values.most))
      return places.map((target, place) => ({ ...known, target, place }))
    })
    // Every command has its turn, however many calls it makes.
    .sort((a, b) => a.place - b.place)
  console.info(`torture: ${all.length} faults in ${commands.length} commands`)
  const firing = mapConcurrent(all.entries(), availableParallelism(), ([index, aimed]) =>
    performance.now() > untilMs
      ? Promise.resolve(undefined)
      : injectFault(stages, join(base, `shot-${index}`), aimed),
  )
  for await (const shot of firing) {
    if (shot === undefined) continue
    shots.push(shot)
    if (shot.problems.length > 0) console.info(formatWrong(shot))
    if (shots.length % TELLS_EVERY === 0) console.info(`${shots.length} of ${all.length}`)
  }
}

function shuffle<T>(items: readonly T[], chance: Chance): T[] {
  return items
    .map((item) => ({ item, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** What was said, with names left out; the most frequent first. */
function countMessages(): [string, number][] {
  const counts = new Map<string, number>()
  for (const { said } of shots.filter((shot) => shot.said !== '')) {
    const kind = said.replaceAll(/"[^"]*"/g, '"..."')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)
}
