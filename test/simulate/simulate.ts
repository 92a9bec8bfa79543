/**
 * `npm run simulate -- --minutes N --seed S`: one history after the other, with the seeds S, S + 1,
 * ... until N minutes are over (0: one history). `--log` prints every event.
 */
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatFailure, formatSummary } from './testing/format-simulated.ts'
import { runSimulation, type Simulated } from './testing/run-simulation.ts'
import { watchThreads } from './testing/watch-threads.ts'

const FAILURES_MAX = 5

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
})
const firstSeed = Number(values.seed ?? randomInt(2 ** 31))
const untilMs = performance.now() + Number(values.minutes) * 60_000
if (!Number.isSafeInteger(firstSeed) || Number.isNaN(untilMs)) {
  throw new Error('Cannot simulate: --seed and --minutes are numbers')
}

using threads = watchThreads()
const all: Simulated[] = []
const onLine = values.log ? (line: string) => console.info(line) : () => {}
console.info(`simulate: from seed ${firstSeed} on`)
do {
  const simulated = await runSimulation(firstSeed + all.length, { threads, onLine })
  all.push(simulated)
  if (simulated.failure !== undefined) console.info(formatFailure(simulated))
} while (performance.now() < untilMs && failed().length < FAILURES_MAX)

console.info(formatSummary(all))
report()
process.exitCode = failed().length === 0 ? 0 : 1

function failed(): readonly Simulated[] {
  return all.filter(({ failure }) => failure !== undefined)
}

/** What `.ci/run` counts: one test, or each seed that broke something. */
function report(): void {
  const folder = process.env['HOLDFAST_TEST_REPORTS']
  if (folder === undefined) return
  const broken = failed().map(({ seed }) => ({ fullName: `seed ${seed}`, status: 'failed' }))
  const whole = { fullName: `${all.length} histories`, status: 'passed' }
  const assertionResults = broken.length === 0 ? [whole] : broken
  const status = broken.length === 0 ? 'passed' : 'failed'
  const testResults = [{ name: import.meta.filename, status, assertionResults }]
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ testResults }))
}
