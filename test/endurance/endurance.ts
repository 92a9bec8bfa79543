/**
 * `npm run endurance -- --kills N --seed S [--minutes M]`: follows a PostgreSQL under load, kills the
 * follower and the server over and over, and then holds the vault against the account that the load
 * kept. A thousand kills take about fifty minutes; `--log` tells of each.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { findPostgresBinaries } from '#test/servers/find-binaries'
import { formatVerdict } from './testing/format-verdict.ts'
import { runEndurance } from './testing/run-endurance.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    major: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed ?? randomInt(2 ** 31))
const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
const major = Number(values.major ?? Math.max(...findPostgresBinaries().keys()))
if (!Number.isSafeInteger(kills) || !Number.isSafeInteger(seed) || Number.isNaN(minutes ?? 0)) {
  throw new Error('Cannot begin: --kills, --seed and --minutes are numbers')
}
const startedMs = performance.now()
const onLine = (line: string) => {
  console.info(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${line}`)
}
console.info(`endurance: PostgreSQL ${major}, --kills ${kills} --seed ${seed}`)
const verdict = await runEndurance({ kills, major, minutes, onLine, seed, isTold: values.log })
console.info(formatVerdict(verdict))
process.exitCode = verdict.problems.length === 0 ? 0 : 1
